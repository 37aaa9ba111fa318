-- A name whose fetch pulls the layer again.
select r.name, p.repository, coalesce(i.digest, '')
from layer l
join layer_place p using (layer_id)
join registry r using (registry_id)
left join image_layer il on il.layer_id = l.layer_id
left join image i on i.image_id = il.image_id
where l.digest = $1
order by p.confirmed_at desc, i.image_id
limit 1
