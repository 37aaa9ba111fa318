-- Pushed patches whose image is judged: better (what remains is a strict subset, judged at one
-- advisory revision, nothing more is unknown) is announced, else not.
with ready as (
    select p.patch_id, p.old_digest, p.new_digest, n.image_id as new_id, n.matched_revision as revision,
        coalesce((select i.image_id from patch_member pm join image i on i.digest = pm.old_digest
            where pm.patch_id = p.patch_id limit 1),
            (select i.image_id from image i where i.digest = p.old_digest)) as old_id
    from patch p join image n on n.digest = p.new_digest
    where p.state = 'pushed' and n.state = 'matched'
    for update of p skip locked
), found as (
    select distinct on (w.patch_id, side.which, f.family) w.patch_id, side.which, f.family, f.vulnerability, f.severity,
        c.name as package
    from ready w
    cross join lateral (values ('old', w.old_id), ('new', w.new_id)) as side (which, image_id)
    join image_package ip on ip.image_id = side.image_id
    join finding f on f.judged_id = ip.judged_id and f.retracted_at is null and f.state <> 'not-affected'
    join judged_component jc on jc.judged_id = ip.judged_id join component c using (component_id)
    where not exists (select from image_exception x where x.image_id = side.image_id and x.finding_id = f.finding_id)
    order by w.patch_id, side.which, f.family, f.vulnerability
), told as (
    select w.patch_id, w.revision,
        (select coalesce(jsonb_agg(jsonb_build_object('vulnerability', o.vulnerability, 'severity', o.severity,
            'package', o.package) order by o.vulnerability), '[]') from found o
            where o.patch_id = w.patch_id and o.which = 'old' and not exists (select from found n
                where n.patch_id = w.patch_id and n.which = 'new' and n.family = o.family)) as fixed,
        (select coalesce(jsonb_agg(jsonb_build_object('vulnerability', n.vulnerability, 'severity', n.severity,
            'package', n.package) order by n.vulnerability), '[]') from found n
            where n.patch_id = w.patch_id and n.which = 'new') as remaining,
        exists (select from found n where n.patch_id = w.patch_id and n.which = 'new' and not exists (
            select from found o where o.patch_id = w.patch_id and o.which = 'old' and o.family = n.family)) as worse,
        (select count(*) from image_package ip join judged_component jc using (judged_id)
            where ip.image_id = w.new_id and jc.coverage = 'unknown')
        > (select count(*) from image_package ip join judged_component jc using (judged_id)
            where ip.image_id = w.old_id and jc.coverage = 'unknown') as blinder
    from ready w
)
update patch p set fixed = t.fixed, remaining = t.remaining, revision = t.revision, changed_at = now(),
    state = case when t.worse or t.blinder or jsonb_array_length(t.fixed) = 0 then 'not-better' else 'announced' end,
    reason = case when t.worse then 'the patched image has findings that the old one has not'
        when t.blinder then 'more is unknown of the patched image'
        when jsonb_array_length(t.fixed) = 0 then 'no finding goes away' end
from told t where p.patch_id = t.patch_id
returning p.patch_id, p.old_digest, p.new_digest, p.reference, p.state
