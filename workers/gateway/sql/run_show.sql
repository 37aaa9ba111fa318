select json_build_object('id', run_id, 'cause', cause, 'registry', registry, 'repository', repository,
    'tag', tag, 'digest', digest, 'event_source', event_source, 'event_id', event_id, 'state', state,
    'reason', reason, 'started_at', started_at, 'changed_at', changed_at,
    'steps', (select coalesce(json_agg(json_build_object('step', step, 'state', state, 'detail', detail, 'at', at)
        order by at, step), '[]') from run_step s where s.run_id = r.run_id))::text
from run r where run_id = $1
