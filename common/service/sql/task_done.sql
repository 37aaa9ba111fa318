update task set state = 'done', starts = 0, reason = null, error_kind = null, host = null, next_at = null,
       value = null, changed_at = now()
where consumer = $1 and ce_source = $2 and ce_id = $3
