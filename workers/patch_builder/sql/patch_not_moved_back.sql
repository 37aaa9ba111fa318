-- $1 withdrawn patch $2 reason: its tag cannot be set back. The image goes on, and the row says so.
update patch set moved_back_at = now(), changed_at = now(), reason = concat_ws('; ', reason, 'its tag was not set back: ' || $2)
where patch_id = $1 and state = 'withdrawn'
