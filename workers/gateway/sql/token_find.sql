-- $1 hash. last_used is written at most once a minute.
with found as (
    select token_id, name, role, team, last_used from token where hash = $1 and revoked_at is null
), used as (
    update token t set last_used = now() from found f
    where t.token_id = f.token_id and (f.last_used is null or f.last_used < now() - interval '1 minute')
)
select token_id, name, role, team from found
