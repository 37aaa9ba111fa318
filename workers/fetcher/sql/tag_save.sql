-- A row only when the tag is new, moved, or came back.
insert into tag (registry_id, repository, name, digest)
values ($1, $2, $3, $4)
on conflict (registry_id, repository, name) do update
set digest = excluded.digest, moved_at = now(), deleted_at = null
where tag.digest <> excluded.digest or tag.deleted_at is not null
returning name
