-- Nothing happens when somebody finished it meanwhile.
update task set state = 'parked', error_kind = 'crash', reason = $4, message_key = $5, value = $6, headers = $7::jsonb,
       next_at = null, changed_at = now()
where consumer = $1 and ce_source = $2 and ce_id = $3 and state in ('started', 'deferred')
