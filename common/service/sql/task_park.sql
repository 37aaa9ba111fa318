update task set state = 'parked', error_kind = $4, reason = $5, message_key = $6, value = $7, headers = $8::jsonb,
       next_at = null, changed_at = now()
where consumer = $1 and ce_source = $2 and ce_id = $3
returning topic, attempts
