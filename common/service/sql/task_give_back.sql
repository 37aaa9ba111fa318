update task set starts = greatest(starts - 1, 0), changed_at = now()
where consumer = $1 and ce_source = $2 and ce_id = $3 and state = 'started'
