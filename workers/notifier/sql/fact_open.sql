-- $1 application $2 image $3 findings $4 cause $5 hold-down in seconds. Facts that hold and are not
-- open: a new episode, unless the last one closed within the hold-down (then it opens again, silently).
with scope as materialized (
    select application, team, image_id, digest from application_image
    where application = $1 and ($2::text is null or digest = $2 or top = $2)
    union
    select application, team, image_id, digest from applications_named($2)
    where $1::text is null and $2::text is not null
    union
    select application, team, image_id, digest
    from applications_of(array(select distinct p.image_id from finding f join image_package p using (judged_id) where f.finding_id = any ($3)))
    where $1::text is null and $2::text is null
), live as (
    select s.application, s.team, f.family,
        (array_agg(f.severity order by coalesce(array_position('{critical,high,medium,low,unknown}'::text[], f.severity), 6)))[1] as severity,
        min(f.vulnerability) as vulnerability,
        jsonb_agg(distinct jsonb_build_object('finding', f.finding_id, 'package', c.name, 'type', c.type,
            'version', c.version, 'state', f.state, 'fixed_version', f.fixed_version, 'tier', p.tier)) as packages,
        jsonb_agg(distinct s.digest) as images
    from scope s
    join image_package p using (image_id)
    join finding f on f.judged_id = p.judged_id
    join judged_component j on j.judged_id = p.judged_id
    join component c using (component_id)
    where f.retracted_at is null and f.state not in ('not-affected', 'unknown')
        and ($3::bigint[] is null or f.finding_id = any ($3))
        and not exists (select from image_exception x where x.image_id = p.image_id and x.finding_id = f.finding_id)
    group by s.application, s.team, f.family
), last as (
    select distinct on (l.application, l.family) l.application, l.family, k.fact_id, k.episode, k.closed_at
    from live l join fact k on k.application = l.application and k.family = l.family and k.kind = 'vulnerability'
    order by l.application, l.family, k.episode desc
), reopened as (
    update fact set closed_at = null
    from last
    where fact.fact_id = last.fact_id and last.closed_at > now() - make_interval(secs => $5)
), opened as (
    insert into fact (application, kind, family, episode, cause)
    select l.application, 'vulnerability', l.family, coalesce(o.episode, 0) + 1, coalesce($4, 'advisory')
    from live l left join last o using (application, family)
    where o.fact_id is null or o.closed_at <= now() - make_interval(secs => $5)
    order by l.application, l.family
    on conflict do nothing
    returning fact_id, application, family, episode
)
select o.fact_id, o.application, l.team, l.vulnerability, l.severity,
    l.vulnerability || ' (' || l.severity || ') in ' || (l.packages -> 0 ->> 'package') || ' ' || (l.packages -> 0 ->> 'version')
        || case when jsonb_array_length(l.packages) > 1 then ' and ' || jsonb_array_length(l.packages) - 1 || ' more' else '' end
        || ': ' || o.application,
    jsonb_build_object('vulnerability', l.vulnerability, 'application', o.application, 'severity', l.severity,
        'episode', o.episode, 'cause', coalesce($4, 'advisory'),
        'packages', (select jsonb_agg(e) from (select e from jsonb_array_elements(l.packages) as e limit 50) as few),
        'images', (select jsonb_agg(e) from (select e from jsonb_array_elements(l.images) as e limit 50) as few))::text,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
from opened o join live l using (application, family)
order by l.team, coalesce(array_position('{critical,high,medium,low,unknown}'::text[], l.severity), 6), l.vulnerability, o.application
