-- $1 patch: its tag is about to be moved; no row: it was withdrawn meanwhile.
update patch set moved_at = now(), moved_back_at = null where patch_id = $1 and state = 'proved' returning patch_id
