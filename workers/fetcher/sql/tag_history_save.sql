insert into tag_history (registry_id, repository, name, digest) values ($1, $2, $3, $4)
on conflict do nothing
