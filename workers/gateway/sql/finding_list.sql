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
    select f.finding_id from finding f where $4::text is null and $5::text is null and $3::text is null
    union
    select f.finding_id from wanted w join image_package p using (image_id) join finding f using (judged_id)
    where ($9::text is null or p.tier = $9)
        and not exists (select from image_exception x where x.image_id = p.image_id and x.finding_id = f.finding_id)
), shown as (
    select lpad((case f.severity when 'critical' then 0 when 'high' then 1 when 'medium' then 2 when 'low' then 3
            when 'negligible' then 5 else 4 end)::text, 1, '0') || '|' || lpad(f.finding_id::text, 18, '0') as key,
        f.*, c.type, c.name, c.version, c.source_name
    from scope join finding f using (finding_id) join judged_component j using (judged_id) join component c using (component_id)
    where f.retracted_at is null
        and ($6::text is null or f.severity = $6)
        and (f.state = $7 or ($7::text is null and f.state not in ('not-affected')))
        and ($8::text is null or f.vulnerability = $8 or $8 = any (f.aliases))
)
select key, json_build_object('id', finding_id, 'vulnerability', vulnerability, 'aliases', aliases,
    'package', json_build_object('type', type, 'name', name, 'version', version, 'source', nullif(source_name, '')),
    'state', state, 'fixed_version', fixed_version, 'severity', severity, 'sources', sources,
    'first_seen', first_seen, 'changed_at', changed_at)::text
from shown where $1::text is null or key > $1
order by key limit $2
