-- $1 patch $2 application or null $3 decision
select json_build_object('patch', p.patch_id, 'state', p.state, 'application', $2::text, 'decision', $3::text,
    'consents', (select coalesce(json_agg(json_build_object('old_digest', old_digest, 'state', c.state,
        'decided_by', c.decided_by, 'decided_at', c.decided_at, 'expires_at', c.expires_at)
        order by old_digest), '[]') from consent c where c.patch_id = p.patch_id and c.application = $2))::text
from patch p where p.patch_id = $1
