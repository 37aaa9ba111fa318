-- fresh: this repository was not known to hold it.
insert into image_place (registry_id, repository, image_id)
values ($1, $2, $3)
on conflict (registry_id, repository, image_id) do update set last_seen = now()
returning (xmax = 0) as fresh
