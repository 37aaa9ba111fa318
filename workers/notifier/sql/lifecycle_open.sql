-- Managed images that grow old: 90 and 30 days before the end of life, at the end, and by lifecycle.
with step as (
    select m.*, r.name as registry, t.digest,
        case when end_of_life <= current_date then 'end-of-life'
            when lifecycle = 'end-of-life' then 'end-of-life'
            when end_of_life <= current_date + 30 then 'end-of-life-in-30-days'
            when end_of_life <= current_date + 90 then 'end-of-life-in-90-days'
            when lifecycle <> 'supported' then lifecycle end as step
    from managed_image m join registry r using (registry_id)
    join tag t on t.registry_id = m.registry_id and t.repository = m.repository and t.name = m.tag
        and t.deleted_at is null
    where end_of_life <= current_date + 90 or lifecycle <> 'supported'
), concerned as (
    select distinct s.managed_id, s.registry, s.repository, s.tag, s.step, s.end_of_life, b.application, b.team
    from step s join application_base b on b.base_digest = s.digest
        or b.base_digest in (select im.digest from index_member im join image ix on ix.image_id = im.index_id where ix.digest = s.digest)
), opened as (
    insert into fact (application, kind, family, cause)
    select application, 'lifecycle', 'managed:' || managed_id || ':' || step, 'lifecycle' from concerned
    order by application, managed_id
    on conflict do nothing
    returning fact_id, application, family
)
select o.fact_id, o.application, c.team, case when c.step = 'end-of-life' then 'high' else 'medium' end,
    c.repository || ':' || c.tag || ' is ' || replace(c.step, '-', ' ') || ', and ' || o.application || ' stands on it',
    jsonb_build_object('image', c.registry || '/' || c.repository || ':' || c.tag, 'step', c.step,
        'end_of_life', c.end_of_life)::text,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), c.step
from opened o join concerned c on c.application = o.application and o.family = 'managed:' || c.managed_id || ':' || c.step
order by o.application
