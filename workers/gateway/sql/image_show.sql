-- $1 digest $2 team
select json_build_object('digest', i.digest, 'kind', i.kind, 'media_type', i.media_type, 'state', i.state,
    'reason', i.reason, 'config_digest', i.config_digest, 'artifact_type', i.artifact_type,
    'subject', i.subject,
    'platform', case when i.os is not null then i.os || '/' || coalesce(i.architecture, '')
        || coalesce('/' || nullif(i.variant, ''), '') end,
    'os', json_build_object('id', i.os_id, 'version', i.os_version, 'codename', i.os_codename),
    'bytes', i.bytes, 'complete', i.complete, 'warnings', i.warnings, 'origin', i.origin,
    'first_seen', i.first_seen, 'matched_revision', i.matched_revision,
    'names', (select coalesce(json_agg(r.name || '/' || t.repository || ':' || t.name order by r.name, t.repository, t.name), '[]')
        from tag t join registry r using (registry_id) where t.digest = i.digest and t.deleted_at is null),
    'places', (select coalesce(json_agg(r.name || '/' || p.repository order by r.name, p.repository), '[]')
        from image_place p join registry r using (registry_id) where p.image_id = i.image_id),
    'layers', (select coalesce(json_agg(json_build_object('digest', l.digest, 'diff_id', digest_text(coalesce(l.diff_id, il.diff_id_claimed)),
            'bytes', l.bytes, 'state', l.state, 'reason', l.reason) order by il.position), '[]')
        from image_layer il join layer l using (layer_id) where il.image_id = i.image_id),
    'members', (select coalesce(json_agg(json_build_object('digest', m.digest, 'platform', m.platform, 'role', m.role) order by m.position), '[]')
        from index_member m where m.index_id = i.image_id),
    'packages_by_tier', (select coalesce(json_object_agg(tier, n), '{}') from
        (select tier, count(*) as n from image_package p where p.image_id = i.image_id group by 1) as by_tier),
    'counters', (select to_json(c) from (select packages, critical, high, medium, low, unknown, fixable, verdict,
        revision, counted_at from image_counter where image_id = i.image_id) as c),
    'bases', (select coalesce(json_agg(distinct b.digest), '[]') from image_layer il
        join image b on b.chain_id = il.chain_id and b.image_id <> i.image_id and b.kind = 'image'
        where il.image_id = i.image_id),
    'applications', (select coalesce(json_agg(distinct a.application), '[]') from (
        select application, team from applications_named(i.digest)
        union select application, team from applications_on(i.image_id)) as a
        where $2::text is null or a.team = $2),
    'runs', (select coalesce(json_agg(json_build_object('id', run_id, 'cause', cause, 'state', state,
            'started_at', started_at) order by run_id), '[]')
        from (select * from run where digest = i.digest order by run_id desc limit 20) as r
        where $2::text is null))::text
from image i
where i.digest = $1
    and ($2::text is null
        or exists (select from applications_named(i.digest) as a where a.team = $2)
        or exists (select from applications_on(i.image_id) as a where a.team = $2))
