-- $1 team: the figures of the dashboard. Backlogs are counted up to 10,000.
select json_build_object(
    'images', (select count(*) from image where kind = 'image'),
    'managed_images', (select count(*) from managed_image where policy <> 'never'),
    'applications', (select count(*) from application where $1::text is null or team = $1),
    'teams', (select count(*) from team where $1::text is null or team = $1),
    'findings', (select coalesce(json_object_agg(severity, n), '{}') from (
        select severity, count(*) as n from finding where retracted_at is null and state not in ('not-affected') group by 1) as by_severity),
    'patches', (select coalesce(json_object_agg(state, n), '{}') from (
        select state, count(*) as n from patch group by 1) as by_state),
    'consents_asked', (select count(*) from consent c join application a using (application)
        where c.state = 'asked' and c.expires_at > now() and ($1::text is null or a.team = $1)),
    'runs_open', (select count(*) from (select 1 from run where state in ('accepted', 'running') limit 10000) as r),
    'parked', (select count(*) from (select 1 from task where state = 'parked' limit 10000) as p),
    'deferred', (select count(*) from (select 1 from task where state = 'deferred' limit 10000) as d),
    'outbox', (select count(*) from (select 1 from outbox limit 10000) as o),
    'alerts', (select coalesce(json_object_agg(state, n), '{}') from (
        select state, count(*) as n from alert where $1::text is null or team = $1 group by 1) as by_state),
    'sources', (select coalesce(json_agg(json_build_object('source', source, 'state', state, 'as_of', as_of)
        order by source), '[]') from source where enabled),
    'repairs', (select coalesce(json_object_agg(name, value), '{}') from counter))::text
