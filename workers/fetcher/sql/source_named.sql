-- $1 source $2 format $3 address $4 covers $5 max age: a row when the source must be read now
with put as (
    insert into source as s (source, format, address, covers, max_age_s) values ($1, $2, $3, $4, $5)
    on conflict (source) do update set address = excluded.address, etag = null
    where s.address is distinct from excluded.address
    returning source, enabled
)
select source from put where enabled
union
select source from source where source = $1 and enabled and loaded_at is null
