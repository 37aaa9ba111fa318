-- $1 patch $2 application $3 old $4 state $5 new $6 reference $7 reason
update consent set state = $4, new_digest = $5, reference = $6, reason = coalesce($7, reason)
where patch_id = $1 and application = $2 and old_digest = $3 and state = 'approved'
