-- $1 after $2 limit $3 team $4 registry $5 repository $6 tag $7 state $8 kind
with mine as materialized (
    select image_id from application_image where team = $3
    union select base_id from application_base where team = $3
    union select i.image_id from application_image a join image i on i.digest = a.top where a.team = $3
)
select i.digest, json_build_object('digest', i.digest, 'kind', i.kind, 'state', i.state, 'reason', i.reason,
    'platform', case when i.os is not null then i.os || '/' || coalesce(i.architecture, '')
        || coalesce('/' || nullif(i.variant, ''), '') end,
    'os', nullif(concat_ws(' ', i.os_id, i.os_version), ''), 'bytes', i.bytes, 'complete', i.complete,
    'origin', i.origin, 'first_seen', i.first_seen,
    'names', (select coalesce(json_agg(r.name || '/' || t.repository || ':' || t.name order by r.name, t.repository, t.name), '[]')
        from tag t join registry r using (registry_id) where t.digest = i.digest and t.deleted_at is null),
    'packages', c.packages, 'verdict', c.verdict, 'critical', c.critical, 'high', c.high, 'medium', c.medium,
    'low', c.low, 'unknown', c.unknown, 'fixable', c.fixable)::text
from image i left join image_counter c using (image_id)
where ($1::text is null or i.digest > $1)
    and ($3::text is null or i.image_id in (select image_id from mine))
    and (($4::text is null and $5::text is null and $6::text is null)
        or exists (select from tag t join registry r using (registry_id)
            where t.digest = i.digest and t.deleted_at is null and ($4::text is null or r.name = $4)
                and ($5::text is null or t.repository = $5) and ($6::text is null or t.name = $6))
        or ($6::text is null and exists (select from image_place p join registry r using (registry_id)
            where p.image_id = i.image_id and ($4::text is null or r.name = $4)
                and ($5::text is null or p.repository = $5))))
    and ($7::text is null or i.state = $7)
    and i.kind = coalesce($8, case when $5::text is null then 'image' else i.kind end)
order by i.digest limit $2
