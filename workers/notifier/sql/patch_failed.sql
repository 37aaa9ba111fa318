-- Applications that could not be put on the patched base, and whose team has not been told.
select f.fact_id, f.application, a.team, 'medium',
    f.application || ' could not be put on the patched base: ' || coalesce(c.reason, 'no reason is known'),
    jsonb_build_object('patch', c.patch_id, 'old_digest', c.old_digest, 'reason', c.reason)::text,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), c.patch_id
from consent c
join fact f on f.kind = 'patch' and f.application = c.application and f.family = 'patch:' || c.patch_id
join application a on a.application = c.application
where c.state = 'failed' and not exists (select from alert t where t.fact_id = f.fact_id and t.step = 'failed')
order by c.patch_id, f.application limit 50
