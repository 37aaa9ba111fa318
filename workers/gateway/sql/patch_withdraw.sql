update patch set state = 'withdrawn', reason = coalesce($2, reason), changed_at = now()
where patch_id = $1 and state in ('built', 'pushed', 'announced')
returning patch_id
