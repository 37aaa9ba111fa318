insert into application_repository (application, registry_id, repository)
select $1, registry_id, $3 from registry where name = $2
on conflict do nothing
returning application
