-- $1 digests $2 layers $3 packages of each $4 context of OS packages $5 the empty context: what one
-- layer contributes is stored once.
with want as (
    select * from unnest($1::text[], $2::bigint[], $3::text[]) as w (digest, layer, packages)
), fresh as (
    insert into package_group (digest, layer)
    select decode(digest, 'hex'), layer from want order by digest
    on conflict (digest) do nothing
    returning group_id, digest
)
insert into package_entry (group_id, judged_id, tier, paths, owner, reader)
select distinct on (f.group_id, j.judged_id, t.tier) f.group_id, j.judged_id, t.tier, t.paths, t.owner, t.reader
from fresh f
join want w on decode(w.digest, 'hex') = f.digest
cross join jsonb_to_recordset(w.packages::jsonb)
     as t (component bigint, os boolean, tier text, paths text[], owner text, reader text)
join judged_component j
  on j.component_id = t.component and j.context_id = case when t.os then $4::bigint else $5::bigint end
order by f.group_id, j.judged_id, t.tier, t.paths
