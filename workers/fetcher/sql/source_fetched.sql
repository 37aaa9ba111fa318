-- Found as it is loaded already: what was late is in order again. What an import refused stays refused
-- until an import succeeds: its digest is 'refused' since then, so that it is told anew.
update source
set fetched_at = now(), etag = $2,
    state = case when state in ('stale', 'failed') and loaded_at is not null and digest is distinct from 'refused'
        and ($3::text is null or $3 = digest) then 'fresh' else state end,
    reason = case when loaded_at is not null and digest is distinct from 'refused'
        and ($3::text is null or $3 = digest) then null else reason end,
    digest = coalesce($3, digest)
where source = $1
