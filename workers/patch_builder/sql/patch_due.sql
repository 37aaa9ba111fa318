-- The next managed image whose judged content nobody tried to patch lately.
select m.managed_id, r.name, r.address, r.plain_http, r.private_ok,
    coalesce(array_to_string(r.realm_hosts, ' '), ''), coalesce(r.username, ''), coalesce(r.secret, ''),
    m.repository, m.tag, t.digest,
    (select coalesce(max(p.number), 0) + 1 from patch p where p.managed_id = m.managed_id)
from managed_image m
join registry r using (registry_id)
join tag t on t.registry_id = m.registry_id and t.repository = m.repository and t.name = m.tag and t.deleted_at is null
join image i on i.digest = t.digest
where m.policy <> 'never' and i.origin is null
    and (i.state = 'matched' or (i.kind = 'index' and exists (
        select from index_member im join image c on c.digest = im.digest
        where im.index_id = i.image_id and c.state = 'matched')))
    and not exists (select from patch p where p.managed_id = m.managed_id and p.new_digest = t.digest)
    and not exists (select from patch p where p.managed_id = m.managed_id and p.old_digest = t.digest
        and p.changed_at > now() - interval '6 hours')
order by m.managed_id
limit 1
