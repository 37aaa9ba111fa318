with held as (
    select distinct judged_id from image_package where image_id = $1
), found as (
    select f.severity, f.state, f.fixed_version, f.revision
    from held join finding f using (judged_id)
    where f.retracted_at is null and f.state <> 'not-affected'
      and not exists (select from image_exception e where e.image_id = $1 and e.finding_id = f.finding_id)
), counted as (
    select count(*) filter (where severity = 'critical') as critical, count(*) filter (where severity = 'high') as high,
           count(*) filter (where severity = 'medium') as medium, count(*) filter (where severity in ('low', 'negligible')) as low,
           count(*) filter (where severity = 'unknown') as unknown, count(*) filter (where state = 'fixed') as fixable, count(*) as total
    from found
), covered as (
    select count(*) filter (where j.coverage <> 'covered') as doubtful, count(*) as packages, coalesce(max(j.matched_revision), 0) as revision
    from held join judged_component j using (judged_id)
), saved as (
    insert into image_counter (image_id, packages, critical, high, medium, low, unknown, fixable, verdict, revision)
    select $1, v.packages, c.critical, c.high, c.medium, c.low, c.unknown, c.fixable,
           case when c.total > 0 then 'affected' when v.doubtful > 0 or v.packages = 0 or not coalesce(i.complete, false) then 'unknown' else 'clean' end,
           v.revision
    from counted c, covered v, image i where i.image_id = $1
    on conflict (image_id) do update
    set packages = excluded.packages, critical = excluded.critical, high = excluded.high, medium = excluded.medium, low = excluded.low,
        unknown = excluded.unknown, fixable = excluded.fixable, verdict = excluded.verdict, revision = excluded.revision, counted_at = now()
), matched as (
    update image set state = 'matched', matched_revision = (select revision from covered), changed_at = now()
    where image_id = $1 and state in ('unpacked', 'matched')
)
select revision from covered
