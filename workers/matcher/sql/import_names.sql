insert into package_name (type, name, revision)
select type, name, $3 from unnest($1::text[], $2::text[]) as moved (type, name)
order by type collate "C", name collate "C"
on conflict (type, name) do update set revision = excluded.revision
