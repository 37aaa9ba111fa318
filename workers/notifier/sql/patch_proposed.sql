-- $1 patch: proposed by policy "ask"; the team that looks after the image is asked, the application is none.
with opened as (
    insert into fact (application, kind, family, cause)
    select '', 'patch', 'patch:' || patch_id || ':proposal', 'patch' from patch where patch_id = $1 and state = 'proposed'
    on conflict do nothing
    returning fact_id
)
select o.fact_id, '', coalesce(m.team, ''),
    coalesce((select s from unnest('{critical,high,medium,low}'::text[]) as s
        where exists (select from jsonb_array_elements(p.fixed) as e where e ->> 'severity' = s) limit 1), 'unknown'),
    'a patch of ' || m.repository || ':' || m.tag || ' waits for you: ' || jsonb_array_length(p.packages) || ' packages, fixes '
        || jsonb_array_length(p.fixed),
    jsonb_build_object('patch', p.patch_id, 'image', r.name || '/' || m.repository || ':' || m.tag,
        'old_digest', p.old_digest, 'new_digest', p.new_digest, 'reference', p.reference, 'class', p.class, 'bytes', p.bytes,
        'policy', m.policy, 'package_count', jsonb_array_length(p.packages), 'fixed_count', jsonb_array_length(p.fixed),
        'remaining_count', jsonb_array_length(p.remaining),
        'packages', (select coalesce(jsonb_agg(e), '[]') from (select e from jsonb_array_elements(p.packages) as e limit 100) as few),
        'fixed', (select coalesce(jsonb_agg(e), '[]') from (select e from jsonb_array_elements(p.fixed) as e limit 150) as few),
        'remaining', (select coalesce(jsonb_agg(e), '[]') from (select e from jsonb_array_elements(p.remaining) as e limit 100) as few),
        'platforms', (select coalesce(jsonb_agg(jsonb_build_object('platform', pm.platform, 'state', pm.state, 'reason', pm.reason,
            'old_digest', pm.old_digest, 'new_digest', pm.new_digest) order by pm.platform), '[]') from patch_member pm where pm.patch_id = p.patch_id),
        'expires_at', to_char(p.expires_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'approve', jsonb_build_object('command', 'resole patches approve ' || p.patch_id,
            'method', 'POST', 'path', '/v1/patches/' || p.patch_id || '/approve', 'body', '{}'::jsonb))::text,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), p.patch_id
from opened o, patch p join managed_image m using (managed_id) join registry r using (registry_id)
where p.patch_id = $1
