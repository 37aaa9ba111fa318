insert into image_layer (image_id, position, layer_id, diff_id_claimed, chain_id)
select $1, t.position - 1, l.layer_id, digest_bytes(t.diff_id), digest_bytes(t.chain_id)
from unnest($2::text[], $3::text[], $4::text[]) with ordinality as t (digest, diff_id, chain_id, position)
join layer l on l.digest = t.digest
on conflict (image_id, position) do nothing
