-- $1 application $2 image $3 findings: open facts of which nothing is left in any of the
-- application's images. Facts nobody was told of (first loads) close silently.
with open as materialized (
    select k.fact_id, k.application, k.family, k.episode
    from fact k
    where k.kind = 'vulnerability' and k.closed_at is null
        and ($1::text is null or k.application = $1)
        and ($3::bigint[] is null or k.family in (select family from finding where finding_id = any ($3)))
        and ($2::text is null or k.application in (select application from applications_named($2)))
), held as materialized (
    -- One application at a time, by its indices: the view is never worked out whole.
    select ai.* from (select distinct application from open) as o
    cross join lateral (select * from application_image a where a.application = o.application offset 0) as ai
), live as materialized (
    select distinct h.application, f.family
    from held h
    join image_package p using (image_id)
    join finding f on f.judged_id = p.judged_id
    where f.retracted_at is null and f.state not in ('not-affected', 'unknown')
        and f.family in (select family from open)
        and not exists (select from image_exception x where x.image_id = p.image_id and x.finding_id = f.finding_id)
), gone as (
    select o.* from open o
    where not exists (select from live l where l.application = o.application and l.family = o.family)
        and not exists (select from held ai join image i using (image_id)
            where ai.application = o.application and i.state not in ('matched', 'recorded', 'parked'))
        and exists (select from held ai where ai.application = o.application)
), closed as (
    update fact set closed_at = now() from gone where fact.fact_id = gone.fact_id returning fact.fact_id
)
select g.fact_id, g.application, a.team, g.family, 'low',
    g.family || ' resolved: ' || g.application,
    jsonb_build_object('vulnerability', g.family, 'application', g.application, 'episode', g.episode)::text,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
from gone g join closed using (fact_id) join application a using (application)
where exists (select from alert t where t.fact_id = g.fact_id)
order by a.team, g.family, g.application
