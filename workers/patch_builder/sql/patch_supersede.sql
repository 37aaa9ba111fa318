-- $1 patch: earlier patches of the same managed image give way to it.
update patch p set state = 'superseded', changed_at = now() from patch n
where n.patch_id = $1 and p.managed_id = n.managed_id and p.patch_id < n.patch_id
    and p.old_digest <> n.old_digest and p.state in ('pushed', 'announced')
