update layer set told_at = now(), told_in_bulk = $2 where digest = any ($1)
