-- $1 patch $2 team
select json_build_object('id', p.patch_id, 'registry', r.name, 'repository', m.repository, 'tag', m.tag,
    'kind', m.kind, 'policy', m.policy, 'state', p.state, 'class', p.class, 'reason', p.reason,
    'rule', p.rule, 'number', p.number, 'old_digest', p.old_digest, 'new_digest', p.new_digest,
    'reference', p.reference, 'packages', p.packages, 'fixed', p.fixed, 'remaining', p.remaining,
    'bytes', p.bytes, 'expires_at', p.expires_at, 'decided_by', p.decided_by, 'decided_at', p.decided_at, 'revision', p.revision, 'created_at', p.created_at, 'changed_at', p.changed_at,
    'members', (select coalesce(json_agg(json_build_object('platform', platform, 'old_digest', old_digest,
        'new_digest', new_digest, 'state', pm.state, 'rule', pm.rule, 'reason', pm.reason) order by platform, old_digest), '[]')
        from patch_member pm where pm.patch_id = p.patch_id),
    'consents', (select coalesce(json_agg(json_build_object('application', c.application, 'team', a.team,
        'state', c.state, 'old_digest', c.old_digest, 'new_digest', c.new_digest, 'reference', c.reference,
        'decided_by', c.decided_by, 'decided_at', c.decided_at, 'expires_at', c.expires_at,
        'reason', c.reason) order by c.application, c.old_digest), '[]')
        from consent c join application a using (application)
        where c.patch_id = p.patch_id and ($2::text is null or a.team = $2)))::text
from patch p join managed_image m using (managed_id) join registry r using (registry_id)
where p.patch_id = $1
    and ($2::text is null
        or exists (select from consent c join application a using (application)
            where c.patch_id = p.patch_id and a.team = $2)
        or m.team = $2
        or exists (select from patch_application b where b.patch_id = p.patch_id and b.team = $2))
