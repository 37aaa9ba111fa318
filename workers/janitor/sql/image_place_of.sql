select r.name, p.repository from image i
join image_place p using (image_id) join registry r using (registry_id)
where i.digest = $1
order by p.last_seen desc limit 1
