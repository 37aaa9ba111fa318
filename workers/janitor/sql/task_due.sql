-- next_at null: sent already; again when nobody began it for $1 seconds.
with due as (
    select task_id from task
    where state = 'deferred'
      and (next_at <= now() or (next_at is null and changed_at < now() - $1::bigint * interval '1 second'))
    order by next_at nulls last
    limit $2
    for update skip locked
)
update task t set next_at = null, changed_at = now()
from due where t.task_id = due.task_id
returning t.ce_source, t.ce_id, t.topic, t.bulk, t.message_key, t.value
