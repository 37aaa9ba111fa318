-- $1 after $2 limit
select source, json_build_object('source', source, 'format', format, 'address', address, 'enabled', enabled,
    'covers', covers, 'state', case when state = 'fresh' and coalesce(as_of, loaded_at) < now() - make_interval(secs => max_age_s)
        then 'stale' else state end, 'reason', reason, 'as_of', as_of, 'loaded_at', loaded_at, 'revision', revision,
    'records', records, 'assertions', assertions, 'refused', refused)::text
from source where $1::text is null or source > $1
order by source limit $2
