-- The same rows as before, written so that an application, a team or an image that is asked for reaches
-- the indices: a union of plain joins, no step that is worked out for everybody first.
create or replace view application_image as
select distinct application, team, image_id, digest, top, via from (
    select a.application, a.team, i.image_id, i.digest, i.digest as top, 'usage' as via
    from application a join usage u using (application) join image i on i.digest = u.digest and i.kind = 'image'
    union all
    select a.application, a.team, i.image_id, i.digest, i.digest, 'usage'
    from application a join usage u using (application) join image i on i.config_digest = u.digest and i.kind = 'image'
    union all
    select a.application, a.team, i.image_id, i.digest, x.digest, 'usage'
    from application a join usage u using (application)
    join image x on x.digest = u.digest and x.kind = 'index'
    join index_member m on m.index_id = x.image_id
    join image i on i.digest = m.digest and i.kind = 'image'
    union all
    select a.application, a.team, i.image_id, i.digest, i.digest, 'repository'
    from application a join application_repository r using (application)
    join tag t on t.registry_id = r.registry_id and t.repository = r.repository
        and t.deleted_at is null and t.name not like '%-resole%'
    join image i on i.digest = t.digest and i.kind = 'image'
    union all
    select a.application, a.team, i.image_id, i.digest, x.digest, 'repository'
    from application a join application_repository r using (application)
    join tag t on t.registry_id = r.registry_id and t.repository = r.repository
        and t.deleted_at is null and t.name not like '%-resole%'
    join image x on x.digest = t.digest and x.kind = 'index'
    join index_member m on m.index_id = x.image_id
    join image i on i.digest = m.digest and i.kind = 'image'
) as named;
create index application_repository_place on application_repository (registry_id, repository);
create index application_of_team on application (team);
