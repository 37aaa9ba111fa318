-- $1 managed image, once it is ours: where it lies, and what it wants.
select r.registry_id, r.name, r.address, r.plain_http, r.private_ok, array_to_string(r.realm_hosts, ' '), r.username, r.secret,
    m.repository, m.tag, coalesce(t.digest, ''),
    case when t.digest is null or m.policy = 'never' then null else fixable_findings(t.digest) end,
    coalesce(back.patch_id, 0), coalesce(back.new_digest, ''), coalesce(was.patch_id, 0), coalesce(was.new_digest, t.digest, ''),
    coalesce(go.patch_id, 0), coalesce(go.new_digest, ''), coalesce(go.old_digest, ''), coalesce(go.reference, '')
from managed_image m
join registry r using (registry_id)
left join tag t on t.registry_id = m.registry_id and t.repository = m.repository and t.name = m.tag and t.deleted_at is null
left join lateral (select * from patch p where p.managed_id = m.managed_id and p.state = 'withdrawn'
    and p.moved_at is not null and p.moved_back_at is null order by p.patch_id desc limit 1) as back on true
left join lateral (select * from patch p where p.managed_id = m.managed_id and p.patch_id < back.patch_id
    and p.old_digest = back.old_digest and p.state in ('superseded', 'announced') and p.moved_at is not null
    order by p.patch_id desc limit 1) as was on true
left join lateral (select * from patch p where p.managed_id = m.managed_id and p.state = 'proved'
    order by p.patch_id desc limit 1) as go on true
where m.managed_id = $1
