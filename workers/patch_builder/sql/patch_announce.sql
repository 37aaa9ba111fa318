-- $1 patch: earlier ones of the managed image give way to it, and what was asked about them is over.
with announced as (
    update patch set state = 'announced', changed_at = now() where patch_id = $1 and state = 'proved' returning patch_id, managed_id
), given_way as (
    update patch p set state = 'superseded', changed_at = now() from announced n
    where p.managed_id = n.managed_id and p.patch_id < n.patch_id and p.state in ('pushed', 'proposed', 'proved', 'announced', 'expired')
    returning p.patch_id
), over as (
    update consent c set state = 'expired', reason = 'patch ' || $1::bigint || ' takes its place' from given_way g
    where c.patch_id = g.patch_id and c.state in ('asked', 'approved')
)
select patch_id from announced
