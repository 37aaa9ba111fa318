-- $1 patch or null $2 application or null $3 days to consent. Announced patches of bases that
-- applications stand on: the fact, the question (unless the policy answers it), and the words.
with concerned as materialized (
    select p.patch_id, b.application, b.team, array_agg(distinct b.top) as tops
    from (select * from applications_of_patch($1)
        union all select * from patch_application where $1::bigint is null and application = $2) as b
    join patch p using (patch_id)
    where p.state = 'announced' and ($2::text is null or b.application = $2)
    group by p.patch_id, b.application, b.team
), opened as (
    insert into fact (application, kind, family, cause)
    select application, 'patch', 'patch:' || patch_id, 'patch' from concerned order by application, patch_id
    on conflict do nothing
    returning fact_id, application, family
), asked as (
    insert into consent (patch_id, application, old_digest, expires_at)
    select c.patch_id, c.application, top, now() + make_interval(days => $3::integer)
    from concerned c join patch p using (patch_id) join managed_image m using (managed_id), unnest(c.tops) as top
    where m.rebase_policy = 'ask'
    order by c.patch_id, c.application, top
    on conflict do nothing
)
select o.fact_id, o.application, c.team,
    coalesce((select s from unnest('{critical,high,medium,low}'::text[]) as s
        where exists (select from jsonb_array_elements(p.fixed) as e where e ->> 'severity' = s) limit 1), 'unknown'),
    m.repository || ':' || m.tag || ' is patched: ' || jsonb_array_length(p.packages) || ' packages, fixes '
        || jsonb_array_length(p.fixed) || case m.rebase_policy when 'ask' then '; approve it for ' when 'auto' then '; it is applied to '
            else '; build anew ' end || o.application,
    (jsonb_build_object('patch', p.patch_id, 'image', r.name || '/' || m.repository || ':' || m.tag,
        'old_digest', p.old_digest, 'new_digest', p.new_digest, 'reference', p.reference,
        'application_digests', to_jsonb(c.tops), 'class', p.class, 'bytes', p.bytes, 'policy', m.rebase_policy,
        'package_count', jsonb_array_length(p.packages), 'fixed_count', jsonb_array_length(p.fixed),
        'remaining_count', jsonb_array_length(p.remaining),
        'packages', (select coalesce(jsonb_agg(e), '[]') from (select e from jsonb_array_elements(p.packages) as e limit 100) as few),
        'fixed', (select coalesce(jsonb_agg(e), '[]') from (select e from jsonb_array_elements(p.fixed) as e limit 150) as few),
        'remaining', (select coalesce(jsonb_agg(e), '[]') from (select e from jsonb_array_elements(p.remaining) as e limit 100) as few),
        'platforms', (select coalesce(jsonb_agg(jsonb_build_object('platform', pm.platform, 'state', pm.state, 'reason', pm.reason,
            'old_digest', pm.old_digest, 'new_digest', pm.new_digest) order by pm.platform), '[]') from patch_member pm where pm.patch_id = p.patch_id))
        || case when m.rebase_policy <> 'ask' then '{}'::jsonb else jsonb_build_object(
            'expires_at', to_char((now() + make_interval(days => $3::integer)) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'approve', jsonb_build_object('command', 'resole patches approve ' || p.patch_id || ' --application ' || o.application,
                'method', 'POST', 'path', '/v1/patches/' || p.patch_id || '/approve',
                'body', jsonb_build_object('application', o.application))) end)::text,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), p.patch_id
from opened o
join concerned c on c.application = o.application and o.family = 'patch:' || c.patch_id
join patch p using (patch_id) join managed_image m using (managed_id) join registry r using (registry_id)
order by o.application, p.patch_id
