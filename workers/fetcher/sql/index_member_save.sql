insert into index_member (index_id, position, digest, platform, role)
select $1, t.position - 1, t.digest, t.platform, t.role
from unnest($2::text[], $3::text[], $4::text[]) with ordinality as t (digest, platform, role, position)
on conflict (index_id, position) do nothing
