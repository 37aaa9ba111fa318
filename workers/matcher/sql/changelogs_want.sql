-- changelogs of candidates that installed packages lack: the smallest binary of each source version
with wanted as (
    insert into changelog (source_name, source_version, source, address, path, sha256, bytes)
    select distinct on (1, 2) a.record->'versions'->>2, a.record->'versions'->>1, a.source, r.address, a.record->'versions'->>3,
           a.record->'versions'->>4, (a.record->'versions'->>5)::bigint
    from assertion a
    join repository r on r.source = a.source and r.suite = a.record->>'id'
    join component c on c.type = 'deb' and c.name = a.name and c.source_name = a.record->'versions'->>2
                     and c.source_version <> a.record->'versions'->>1
    where a.retracted_at is null and a.record->>'kind' = '2' and a.type = 'deb' and a.source like 'apt:%'
      and ($1::text = '' or a.source = $1)
      and ($2::bigint = 0 or c.component_id in (select j.component_id from image_package p join judged_component j using (judged_id)
                                                where p.image_id = $2))
    order by 1, 2, 7, 5
    on conflict do nothing
    returning source
)
select distinct source from wanted order by 1
