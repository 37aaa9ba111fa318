-- The managed images that this one stands on (or is), by the chain of their layers: how many layers
-- belong to the OS image and to the stack image.
select coalesce(max(il.position + 1) filter (where m.kind = 'os'), 0),
       coalesce(max(il.position + 1) filter (where m.kind = 'stack'), 0)
from image_layer il
join image base on base.chain_id = il.chain_id and base.kind = 'image'
left join index_member im on im.digest = base.digest
left join image outer_index on outer_index.image_id = im.index_id
join tag t on t.digest in (base.digest, outer_index.digest)
join managed_image m on m.registry_id = t.registry_id and m.repository = t.repository and m.tag = t.name
where il.image_id = $1
