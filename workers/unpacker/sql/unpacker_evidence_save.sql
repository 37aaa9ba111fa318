insert into evidence_set (diff_id, reader_version, source, components)
select $1, $2, $3, $4::bigint[]::integer[]
where not exists (select from evidence_set where diff_id = $1 and reader_version = $2 and source = $3)
on conflict (diff_id, reader_version, source) do nothing
