select n.type, n.name, n.revision
from unnest($1::text[], $2::text[]) as want (type, name)
join package_name n using (type, name)
order by n.type collate "C", n.name collate "C"
