-- $1 patch $2 application $3 digest looked at $4 by $5 reason $6 days. The application's images that
-- stand on the old base now; a consent asked for another digest does not cover them.
with standing as (
    select distinct top from patch_application
    where patch_id = $1 and application = $2 and ($3::text is null or top = $3 or digest = $3)
)
insert into consent (patch_id, application, state, old_digest, decided_by, decided_at, expires_at, reason)
select $1, $2, 'approved', top, $4, now(), now() + make_interval(days => $6::integer), $5 from standing
order by top
on conflict (patch_id, application, old_digest) do update
    set state = 'approved', decided_by = excluded.decided_by, decided_at = now(), reason = excluded.reason
    where consent.state in ('asked', 'declined', 'failed') and consent.expires_at > now()
returning old_digest
