-- $1 after $2 limit $3 team $4 image $5 application $6 severity $7 state $8 vulnerability $9 tier.
-- Worst first: the key begins with the severity's rank. What does not affect is left out unless the
-- state is asked for.
with wanted as materialized (
    select i.image_id from image i where i.digest = $4
    union
    select a.image_id from application_image a
    where $4::text is null and a.application = $5 and ($3::text is null or a.team = $3)
    union
    select a.image_id from application_image a where $4::text is null and $5::text is null and a.team = $3
), scope as materialized (
    select f.finding_id from wanted w join image_package p using (image_id) join finding f using (judged_id)
    where ($9::text is null or p.tier = $9)
        and not exists (select from image_exception x where x.image_id = p.image_id and x.finding_id = f.finding_id)
    union
    select finding_id from finding where $8::text is not null and $3::text is null and $4::text is null and $5::text is null
        and (vulnerability = $8 or $8 = any (aliases))
), shown as (
    select finding_key(f.severity, f.finding_id) as key, f.*
    from scope join finding f using (finding_id)
    where f.retracted_at is null
        and ($1::text is null or finding_key(f.severity, f.finding_id) > $1)
        and ($6::text is null or f.severity = $6)
        and (f.state = $7 or ($7::text is null and f.state not in ('not-affected')))
        and ($8::text is null or f.vulnerability = $8 or $8 = any (f.aliases))
    union all
    -- All of them: the index has the order, and a page is enough.
    (select finding_key(f.severity, f.finding_id), f.*
    from finding f
    where $3::text is null and $4::text is null and $5::text is null and $8::text is null
        and f.retracted_at is null
        and finding_key(f.severity, f.finding_id) > coalesce($1, '')
        and ($6::text is null or f.severity = $6)
        and (f.state = $7 or ($7::text is null and f.state not in ('not-affected')))
    order by 1 limit $2)
)
select key, json_build_object('id', finding_id, 'vulnerability', vulnerability, 'aliases', aliases,
    'package', json_build_object('type', type, 'name', name, 'version', version, 'source', nullif(source_name, '')),
    'state', state, 'fixed_version', fixed_version, 'severity', severity, 'sources', sources,
    'first_seen', first_seen, 'changed_at', changed_at)::text
from (select * from shown order by key limit $2) as page join judged_component j using (judged_id) join component c using (component_id)
order by key
