update run set state = 'parked', reason = $2, changed_at = now()
where digest = any ($1) and state in ('accepted', 'running')
