insert into layer_place (registry_id, repository, layer_id)
select $1, $2, layer_id from layer where digest = any ($3) order by layer_id
on conflict (registry_id, repository, layer_id) do update
set confirmed_at = now()
where layer_place.confirmed_at < now() - interval '1 day'
