select json_build_object('patch', $1::bigint, 'application', $2::text, 'decision', $3::text,
    'consents', coalesce(json_agg(json_build_object('old_digest', old_digest, 'state', state,
        'decided_by', decided_by, 'decided_at', decided_at, 'expires_at', expires_at)
        order by old_digest), '[]'))::text
from consent where patch_id = $1 and application = $2
