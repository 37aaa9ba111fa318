select n.type, n.name, n.revision
from package_name n
where (n.type, n.name) in (select type, name from unnest($1::text[], $2::text[]) as want (type, name))
order by n.type collate "C", n.name collate "C"
for share
