with standing as (
    select distinct top from patch_application
    where patch_id = $1 and application = $2 and ($3::text is null or top = $3 or digest = $3)
)
insert into consent (patch_id, application, state, old_digest, decided_by, decided_at, expires_at, reason)
select $1, $2, 'declined', top, $4, now(), now() + make_interval(days => $6::integer), $5 from standing
order by top
on conflict (patch_id, application, old_digest) do update
    set state = 'declined', decided_by = excluded.decided_by, decided_at = now(), reason = excluded.reason
    where consent.state = 'asked'
returning old_digest
