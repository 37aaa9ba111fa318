-- $1 after $2 limit. A feed is as old as its publisher says; a package repository may rest for weeks and
-- says itself until when it is valid, so that it is as old as the last look at it.
select source, json_build_object('source', source, 'format', format, 'address', address, 'enabled', enabled,
    'covers', covers, 'state', case when state = 'fresh'
        and case when format = 'apt-index' then greatest(fetched_at, loaded_at) else coalesce(as_of, loaded_at) end
            < now() - make_interval(secs => max_age_s) then 'stale' else state end, 'reason', reason, 'as_of', as_of, 'loaded_at', loaded_at, 'revision', revision,
    'records', records, 'assertions', assertions, 'refused', refused)::text
from source where $1::text is null or source > $1
order by source limit $2
