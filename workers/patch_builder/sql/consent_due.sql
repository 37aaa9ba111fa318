-- Approved consents of announced patches: what to put where. Column 2 is what a rebase claims. What waits after
-- a failure hides nobody else; who was tried longest ago comes first, a person's decision before a policy's.
select c.patch_id, c.application, 'rebase:' || r.name || '/' || place.repository, c.old_digest,
    r.registry_id, r.name, r.address, r.plain_http, r.private_ok, array_to_string(r.realm_hosts, ' '), r.username, r.secret,
    place.repository, place.tag,
    b.name, b.address, b.plain_http, b.private_ok, array_to_string(b.realm_hosts, ' '), b.username, b.secret,
    m.repository
from consent c
join patch p using (patch_id)
join managed_image m using (managed_id)
join registry b on b.registry_id = m.registry_id
join lateral (
    select ip.registry_id, ip.repository, t.name as tag
    from image i join image_place ip using (image_id)
    left join tag t on t.registry_id = ip.registry_id and t.repository = ip.repository and t.digest = c.old_digest
        and t.deleted_at is null and t.name not like '%-resole%'
    where i.digest = c.old_digest
    order by t.name is null, exists (select from application_repository ar where ar.application = c.application
        and ar.registry_id = ip.registry_id and ar.repository = ip.repository) desc,
        ip.registry_id = m.registry_id desc, t.moved_at desc, ip.repository, t.name
    limit 1) as place on true
join registry r on r.registry_id = place.registry_id
left join patch_claim k on k.what = 'rebase:' || r.name || '/' || place.repository
where c.state = 'approved' and c.expires_at > now() and p.state = 'announced' and coalesce(k.next_at <= now(), true)
order by coalesce(k.claimed_at, '-infinity'), c.decided_by is not distinct from 'policy', c.decided_at, c.patch_id, c.application, c.old_digest
limit 20
