-- $1 application $2 team of the caller
select json_build_object('application', a.application, 'team', a.team, 'created_at', a.created_at,
    'repositories', (select coalesce(json_agg(r.name || '/' || ar.repository order by r.name, ar.repository), '[]')
        from application_repository ar join registry r using (registry_id)
        where ar.application = a.application),
    'usage', (select coalesce(json_agg(json_build_object('environment', u.environment, 'place', u.place,
            'digest', u.digest, 'since', u.since, 'last_seen', u.last_seen)
            order by u.environment, u.place, u.digest), '[]')
        from usage u where u.application = a.application),
    'images', (select coalesce(json_agg(json_build_object('digest', i.digest, 'top', i.top, 'via', i.via,
            'state', m.state, 'verdict', c.verdict, 'critical', c.critical, 'high', c.high,
            'medium', c.medium, 'low', c.low, 'unknown', c.unknown, 'fixable', c.fixable)
            order by i.digest, i.via), '[]')
        from application_image i join image m using (image_id) left join image_counter c using (image_id)
        where i.application = a.application),
    'bases', (select coalesce(json_agg(distinct b.base_digest), '[]')
        from application_base b where b.application = a.application),
    'consents', (select coalesce(json_agg(json_build_object('patch', k.patch_id, 'state', k.state,
            'old_digest', k.old_digest, 'new_digest', k.new_digest, 'reference', k.reference,
            'decided_by', k.decided_by, 'expires_at', k.expires_at, 'reason', k.reason)
            order by k.patch_id, k.old_digest), '[]')
        from consent k where k.application = a.application))::text
from application a
where a.application = $1 and ($2::text is null or a.team = $2)
