-- what was read; where it carries none, the next larger binary package of the source version is wanted
with next as (
    select a.record->'versions'->>3 as path, a.record->'versions'->>4 as sha256, (a.record->'versions'->>5)::bigint as bytes
    from changelog l
    join assertion a on a.source = l.source and a.retracted_at is null and a.type = 'deb' and a.record->>'kind' = '2'
                     and a.record->'versions'->>2 = l.source_name and a.record->'versions'->>1 = l.source_version
    where l.source_name = $1 and l.source_version = $2 and $4::text is not null
      and ((a.record->'versions'->>5)::bigint, a.record->'versions'->>3) > (l.bytes, l.path)
    order by 3, 1
    limit 1
)
update changelog l
set state = case when $4::text is null then 'read' when n.path is not null then 'wanted' else 'failed' end,
    reason = $4, claims = coalesce($3::jsonb, '[]'), changed_at = now(),
    path = coalesce(n.path, l.path), sha256 = coalesce(n.sha256, l.sha256), bytes = coalesce(n.bytes, l.bytes)
from (select 1) one
left join next n on true
where l.source_name = $1 and l.source_version = $2
returning l.state = 'wanted'
