insert into package_name (type, name)
select type, name from unnest($1::text[], $2::text[]) as want (type, name)
order by type collate "C", name collate "C"
on conflict do nothing
