select outbox_id, topic, bulk, message_key, ce_source, ce_id, headers ->> 'traceparent', value,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
from outbox
where worker = $1 and due_at <= now()
order by outbox_id
limit $2
for update skip locked
