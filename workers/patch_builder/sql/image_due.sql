-- $1 registry $2 repository $3 tag: looked at again; planned again where nothing that holds came of it,
-- or another fix exists.
update patch_claim c set wanted_at = clock_timestamp(), next_at = now(), starts = 0, charged = 0
from managed_image m join registry r using (registry_id)
left join tag t on t.registry_id = m.registry_id and t.repository = m.repository and t.name = m.tag and t.deleted_at is null
where c.what = 'managed:' || m.managed_id and r.name = $1 and m.repository = $2 and m.tag = $3
    and (fixable_findings(t.digest) is distinct from c.fixable
        or not exists (select from patch p where p.managed_id = m.managed_id and p.old_digest = t.digest
            and p.state in ('pushed', 'proposed', 'proved', 'announced', 'declined', 'withdrawn')))
