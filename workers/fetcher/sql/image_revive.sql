-- A parked image whose name was pushed or rechecked again: its layers are counted anew.
update image
set state = $2, pending = $3, reason = null, changed_at = now()
where image_id = $1 and state in ('parked', 'fetching')
