-- $1 digest $2 team: may the team see it? Its own images, and what they stand on.
select 1 from image i
where i.digest = $1
    and ($2::text is null
        or exists (select from application_image a where a.team = $2 and (a.image_id = i.image_id or a.top = i.digest))
        or exists (select from application_base b where b.team = $2 and b.base_id = i.image_id))
