update image set state = 'parked', reason = $2, changed_at = now()
where digest = $1 and state in ('fetching', 'unpacking', 'unpacked')
