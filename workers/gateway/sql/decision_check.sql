-- $1 patch $2 application $3 team of the caller
select p.state from patch p, application a
where p.patch_id = $1 and a.application = $2 and ($3::text is null or a.team = $3)
    and (exists (select from consent c where c.patch_id = $1 and c.application = $2)
        or exists (select from application_base b
            where b.application = $2 and b.base_digest in (
                select p.old_digest union select old_digest from patch_member where patch_id = $1)))
