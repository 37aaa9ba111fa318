-- $1 finding $2 team: evidence, history, and where it is.
select json_build_object('id', f.finding_id, 'vulnerability', f.vulnerability, 'family', f.family,
    'aliases', f.aliases, 'state', f.state, 'fixed_version', f.fixed_version, 'severity', f.severity,
    'rule', f.rule, 'sources', f.sources, 'first_seen', f.first_seen, 'changed_at', f.changed_at,
    'retracted_at', f.retracted_at,
    'package', json_build_object('type', c.type, 'name', c.name, 'version', c.version, 'arch', nullif(c.arch, ''),
        'source', nullif(c.source_name, ''), 'source_version', nullif(c.source_version, '')),
    'context', json_build_object('distro', x.distro, 'release', x.release, 'stream', x.stream),
    'assertions', (select coalesce(json_agg(json_build_object('source', a.source, 'key', a.key,
            'vulnerability', a.vulnerability, 'state', a.state, 'fixed', a.fixed, 'ranges', a.ranges,
            'severity', a.severity, 'cvss', a.cvss, 'url', a.url, 'title', a.title, 'revision', a.revision)
            order by a.source, a.key), '[]')
        from assertion a where a.assertion_id = any (f.assertions)),
    'history', (select coalesce(json_agg(json_build_object('at', h.at, 'what', h.what, 'state', h.state,
            'fixed_version', h.fixed_version, 'severity', h.severity, 'revision', h.revision)
            order by h.at, h.what), '[]')
        from finding_history h where h.finding_id = f.finding_id),
    'images', (select coalesce(json_agg(distinct i.digest), '[]') from image_package p join image i using (image_id)
        where p.judged_id = f.judged_id and ($2::text is null
            or exists (select from application_image ai where ai.team = $2 and ai.image_id = p.image_id)
            or exists (select from application_base ab where ab.team = $2 and ab.base_id = p.image_id))))::text
from finding f join judged_component j using (judged_id) join component c using (component_id)
join context x using (context_id)
where f.finding_id = $1
    and ($2::text is null
        or exists (select from image_package p join application_image ai using (image_id)
            where p.judged_id = f.judged_id and ai.team = $2)
        or exists (select from image_package p join application_base ab on ab.base_id = p.image_id
            where p.judged_id = f.judged_id and ab.team = $2))
