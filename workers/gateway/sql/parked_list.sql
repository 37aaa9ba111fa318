-- $1 after $2 limit $3 consumer
select task_id::text, json_build_object('id', task_id, 'consumer', consumer, 'topic', topic, 'source', ce_source,
    'event', ce_id, 'key', message_key, 'reason', reason, 'kind', error_kind, 'starts', starts,
    'received_at', received_at, 'parked_at', changed_at)::text
from task
where state = 'parked' and ($1::text is null or task_id > $1::bigint) and ($3::text is null or consumer = $3)
order by task_id limit $2
