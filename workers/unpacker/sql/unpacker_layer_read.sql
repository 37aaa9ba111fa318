update layer
set state = 'read', diff_id = digest_bytes($2), inflated_bytes = $3, reader_version = $4, warnings = $5, reason = null,
    read_at = now()
where digest = $1
