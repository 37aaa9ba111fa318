update task set state = 'deferred', starts = 0, attempts = 0, tries = 0, next_at = null, reason = null, error_kind = null,
       changed_at = now()
where task_id = $1 and state = 'parked'
returning consumer, ce_source, ce_id, topic, bulk, message_key, value, headers ->> 'traceparent'
