update run
set state = $2, reason = $3, digest = coalesce($4, digest), changed_at = now()
where run_id = $1
