update tag
set deleted_at = now()
where registry_id = $1 and repository = $2 and deleted_at is null
  and (name = $3 or ($3 is null and digest = $4))
