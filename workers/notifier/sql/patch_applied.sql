-- $1 patch $2 application $3 old $4 new $5 reference. The fact is opened if nothing did before.
with known as (
    insert into fact (application, kind, family, cause)
    select a.application, 'patch', 'patch:' || $1::bigint, 'patch' from application a where a.application = $2
    on conflict do nothing
    returning fact_id, application
)
select fact_id, a.application, a.team, 'low',
    a.application || ' stands on the patched base: ' || coalesce($5, $4),
    jsonb_build_object('patch', $1::bigint, 'old_digest', $3::text, 'new_digest', $4::text, 'reference', $5::text)::text,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), $1::bigint
from (select fact_id, application from known
    union all
    select fact_id, application from fact
    where application = $2 and kind = 'patch' and family = 'patch:' || $1::bigint) as f
join application a using (application)
