-- $1 patch $2 reason: its tag cannot be set. The image goes on; the daily recheck makes it anew.
update patch set state = 'refused', reason = $2, moved_at = null, changed_at = now() where patch_id = $1 and state = 'proved'
