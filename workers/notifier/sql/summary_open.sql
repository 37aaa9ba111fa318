-- $1 source $2 findings: teams concerned that were not told of this source's first load yet.
with hit as materialized (
    select distinct ai.team, ai.application, f.family, f.severity, f.fixed_version is not null as fixable
    from finding f join image_package p using (judged_id) join application_image ai using (image_id)
    where f.finding_id = any ($2::bigint[]) and f.retracted_at is null
        and f.state not in ('not-affected', 'unknown')
), told as (
    insert into summary_told (team, source)
    select distinct team, $1 from hit order by team
    on conflict do nothing
    returning team
)
select h.team,
    (array_agg(h.severity order by coalesce(array_position('{critical,high,medium,low,unknown}'::text[], h.severity), 6)))[1],
    count(distinct h.family) || ' vulnerabilities in ' || count(distinct h.application) || ' applications, by ' || $1,
    jsonb_build_object('source', $1, 'vulnerabilities', count(distinct h.family),
        'applications', count(distinct h.application),
        'critical', count(distinct h.family) filter (where h.severity = 'critical'),
        'high', count(distinct h.family) filter (where h.severity = 'high'),
        'medium', count(distinct h.family) filter (where h.severity = 'medium'),
        'low', count(distinct h.family) filter (where h.severity = 'low'),
        'fixable', count(distinct h.family) filter (where h.fixable))::text,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
from hit h join told using (team)
group by h.team order by h.team
