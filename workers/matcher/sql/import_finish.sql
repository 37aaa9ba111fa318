update source
set state = 'fresh', reason = null, digest = nullif(digest, 'refused'), as_of = greatest(as_of, coalesce(to_timestamp($2::bigint), now())), loaded_at = now(), records = $3,
    assertions = $4, revision = case when $5::bigint > 0 then $5::bigint else revision end
where source = $1
