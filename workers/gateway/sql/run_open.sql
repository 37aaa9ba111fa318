-- $1 registry $2 repository $3 tag $4 digest $5 event source $6 event id $7 cause. No row: known.
insert into run (registry, repository, tag, digest, event_source, event_id, cause)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (event_source, event_id) do nothing
returning run_id
