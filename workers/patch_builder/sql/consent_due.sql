-- The next approved consent of an announced patch, with where both images lie.
select c.patch_id, c.application, c.old_digest, r.name, r.address, r.plain_http, r.private_ok,
    coalesce(array_to_string(r.realm_hosts, ' '), ''), coalesce(r.username, ''), coalesce(r.secret, ''),
    ip.repository,
    coalesce((select t.name from tag t where t.registry_id = ip.registry_id and t.repository = ip.repository
        and t.digest = c.old_digest and t.deleted_at is null order by t.moved_at desc, t.name limit 1), 'latest'),
    m.repository, p.new_digest, p.old_digest, m.registry_id = ip.registry_id,
    (select count(*) + 1 from consent d where d.application = c.application and d.new_digest is not null)
from consent c
join patch p using (patch_id)
join managed_image m using (managed_id)
join image i on i.digest = c.old_digest
join image_place ip using (image_id)
join registry r on r.registry_id = ip.registry_id
where c.state = 'approved' and c.expires_at > now() and p.state = 'announced'
order by m.registry_id = ip.registry_id desc, c.decided_at, c.patch_id, c.application, c.old_digest, ip.repository
limit 1
