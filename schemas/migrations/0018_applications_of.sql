-- The view application_image reaches its indices from an application. Asked from the side of an image it
-- was worked out whole, for every image matched. This is the same rows from that side: at most as many
-- steps as there are images asked for.
create function applications_of(images bigint[]) returns setof application_image language sql stable as $$
    with named as (
        select i.image_id, i.digest, i.digest as top, i.digest as said, true as by_tag
        from image i where i.image_id = any (images) and i.kind = 'image'
        union all
        select i.image_id, i.digest, i.digest, i.config_digest, false
        from image i where i.image_id = any (images) and i.kind = 'image'
        union all
        select i.image_id, i.digest, x.digest, x.digest, true
        from image i join index_member m on m.digest = i.digest join image x on x.image_id = m.index_id and x.kind = 'index'
        where i.image_id = any (images) and i.kind = 'image'
    )
    select a.application, a.team, n.image_id, n.digest, n.top, 'usage'
    from named n join usage u on u.digest = n.said join application a using (application)
    union
    select a.application, a.team, n.image_id, n.digest, n.top, 'repository'
    from named n
    join tag t on t.digest = n.said and t.deleted_at is null and t.name not like '%-resole%'
    join application_repository r on r.registry_id = t.registry_id and r.repository = t.repository
    join application a using (application)
    where n.by_tag
$$;

-- Whose image a digest is: an image's own, or an index's.
create function applications_named(wanted text) returns setof application_image language sql stable as $$
    select a.*
    from applications_of(array(
        select image_id from image where digest = wanted
        union
        select i.image_id from image x join index_member m on m.index_id = x.image_id join image i on i.digest = m.digest
        where x.digest = wanted)) as a
    where wanted in (a.digest, a.top)
$$;

-- Whose image begins with all layers of this one.
create function applications_on(base bigint) returns setof application_image language sql stable as $$
    select a.*
    from applications_of(array(
        select l.image_id from image b join image_layer l on l.chain_id = b.chain_id and l.image_id <> b.image_id
        where b.image_id = base and b.kind = 'image')) as a
$$;

-- Applications that one patch concerns: the view patch_application from the side of the patch.
create function applications_of_patch(wanted bigint) returns setof patch_application language sql stable as $$
    select pair.patch_id, a.application, a.team, a.top, a.digest, a.image_id, pair.old_digest, pair.new_digest
    from (
        select patch_id, old_digest, new_digest from patch_member where patch_id = wanted and new_digest <> old_digest
        union all
        select patch_id, old_digest, new_digest from patch p
        where patch_id = wanted and new_digest is not null and not exists (select from patch_member m where m.patch_id = p.patch_id)
    ) as pair
    join image b on b.digest = pair.old_digest
    left join image n on n.digest = pair.new_digest
    cross join applications_on(b.image_id) as a
    where n.chain_id is null
        or not exists (select from image_layer l where l.image_id = a.image_id and l.chain_id = n.chain_id)
$$;
