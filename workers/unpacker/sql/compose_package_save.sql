insert into image_package (image_id, judged_id, tier, layer, paths, owner, reader)
select $1, j.judged_id, t.tier, t.layer, t.paths, t.owner, t.reader
from jsonb_to_recordset($2::jsonb)
     as t (component bigint, os boolean, tier text, layer integer, paths text[], owner text, reader text)
join judged_component j
  on j.component_id = t.component and j.context_id = case when t.os then $3::bigint else $4::bigint end
order by j.judged_id, t.tier, t.layer
on conflict do nothing
