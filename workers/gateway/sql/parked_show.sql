select json_build_object('id', task_id, 'consumer', consumer, 'topic', topic, 'source', ce_source,
    'event', ce_id, 'key', message_key, 'reason', reason, 'kind', error_kind, 'starts', starts,
    'attempts', attempts, 'host', host, 'headers', headers, 'received_at', received_at, 'parked_at', changed_at,
    'message', (select case when value is null then null else encode(value, 'escape') end))::text
from task where task_id = $1 and state = 'parked'
