-- $1 days to decide. Pushed patches whose images are judged: better (on no platform anything new or
-- more that is unknown, and something is gone) is proved, or proposed where the policy asks.
with ready as materialized (
    select p.patch_id, m.policy from patch p join managed_image m using (managed_id)
    where p.state = 'pushed' and exists (select from patch_member pm where pm.patch_id = p.patch_id)
        and not exists (select from patch_member pm
            left join image n on n.digest = pm.new_digest left join image o on o.digest = pm.old_digest
            where pm.patch_id = p.patch_id and pm.new_digest <> pm.old_digest
                and (coalesce(n.state, '') not in ('matched', 'parked') or coalesce(o.state, '') not in ('matched', 'parked')))
    for update of p skip locked
), pair as (
    select r.patch_id, pm.platform, o.image_id as old_id, n.image_id as new_id, n.matched_revision as revision,
        n.state <> 'matched' as unread
    from ready r join patch_member pm using (patch_id)
    join image o on o.digest = pm.old_digest join image n on n.digest = pm.new_digest
), found as (
    select w.patch_id, w.platform, side.which, f.family, min(f.vulnerability) as vulnerability,
        min(f.severity) as severity, min(c.name) as package
    from pair w
    cross join lateral (values ('old', w.old_id), ('new', w.new_id)) as side (which, image_id)
    join image_package ip on ip.image_id = side.image_id
    join finding f on f.judged_id = ip.judged_id and f.retracted_at is null and f.state <> 'not-affected'
    join judged_component jc on jc.judged_id = ip.judged_id join component c using (component_id)
    where not exists (select from image_exception x where x.image_id = side.image_id and x.finding_id = f.finding_id)
    group by 1, 2, 3, 4
), gone as (
    select patch_id, family, min(vulnerability) as vulnerability, min(severity) as severity, min(package) as package,
        array_agg(platform order by platform) as platforms
    from found o where which = 'old' and not exists (select from found n where n.which = 'new'
        and n.patch_id = o.patch_id and n.platform is not distinct from o.platform and n.family = o.family)
    group by 1, 2
), left_over as (
    select patch_id, family, min(vulnerability) as vulnerability, min(severity) as severity, min(package) as package,
        array_agg(platform order by platform) as platforms
    from found where which = 'new' group by 1, 2
), told as (
    select r.patch_id, r.policy, s.revision, s.unread, s.blinder,
        (select coalesce(jsonb_agg(jsonb_build_object('vulnerability', g.vulnerability, 'severity', g.severity, 'package', g.package)
            || case when cardinality(g.platforms) = s.platforms then '{}'::jsonb else jsonb_build_object('platforms', g.platforms) end
            order by g.vulnerability), '[]') from gone g where g.patch_id = r.patch_id) as fixed,
        (select coalesce(jsonb_agg(jsonb_build_object('vulnerability', l.vulnerability, 'severity', l.severity, 'package', l.package)
            || case when cardinality(l.platforms) = s.platforms then '{}'::jsonb else jsonb_build_object('platforms', l.platforms) end
            order by l.vulnerability), '[]') from left_over l where l.patch_id = r.patch_id) as remaining,
        exists (select from found n where n.patch_id = r.patch_id and n.which = 'new' and not exists (select from found o
            where o.patch_id = n.patch_id and o.platform is not distinct from n.platform and o.which = 'old'
                and o.family = n.family)) as worse
    from ready r join lateral (
        select max(w.revision) as revision, bool_or(w.unread) as unread, count(*) as platforms, bool_or(
            (select count(*) from image_package ip join judged_component jc using (judged_id)
                where ip.image_id = w.new_id and jc.coverage = 'unknown')
            > (select count(*) from image_package ip join judged_component jc using (judged_id)
                where ip.image_id = w.old_id and jc.coverage = 'unknown')) as blinder
        from pair w where w.patch_id = r.patch_id) as s on true
), verdict as (
    select *, case when unread then 'the patched image could not be read'
        when worse then 'the patched image has findings that the old one has not'
        when blinder then 'more is unknown of the patched image'
        when jsonb_array_length(fixed) = 0 then 'no finding goes away' end as against
    from told
)
update patch p set fixed = v.fixed, remaining = v.remaining, revision = v.revision, changed_at = now(),
    state = case when v.against is not null then 'not-better' when v.policy = 'auto' then 'proved' else 'proposed' end,
    reason = coalesce(v.against, p.reason),
    expires_at = case when v.against is null and v.policy <> 'auto' then now() + make_interval(days => $1::integer) end
from verdict v where p.patch_id = v.patch_id
returning p.patch_id, p.old_digest, p.new_digest, p.reference, p.state
