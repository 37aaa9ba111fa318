-- $1 patch $2 by $3 reason
update patch set state = 'declined', decided_by = $2, decided_at = now(), reason = coalesce($3, reason), changed_at = now()
where patch_id = $1 and state = 'proposed'
returning patch_id
