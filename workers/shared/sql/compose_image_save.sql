update image
set os_id = $2, os_version = $3, os_codename = $4, complete = $5, warnings = $6, changed_at = now()
where image_id = $1
  and (os_id, os_version, os_codename, complete, warnings) is distinct from ($2, $3, $4, $5, $6::jsonb)
