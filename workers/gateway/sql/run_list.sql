-- $1 after $2 limit $3 state $4 repository $5 digest; newest first
select run_id::text, json_build_object('id', run_id, 'cause', cause, 'registry', registry, 'repository', repository,
    'tag', tag, 'digest', digest, 'state', state, 'reason', reason, 'started_at', started_at,
    'changed_at', changed_at)::text
from run
where ($1::text is null or run_id < $1::bigint) and ($3::text is null or state = $3)
    and ($4::text is null or repository = $4) and ($5::text is null or digest = $5)
order by run_id desc limit $2
