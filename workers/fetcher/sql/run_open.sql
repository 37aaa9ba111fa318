insert into run (cause, registry, repository, tag, digest, event_source, event_id, state)
values ($1, $2, $3, $4, $5, $6, $7, 'running')
on conflict (event_source, event_id) do update set state = 'running', changed_at = now()
returning run_id
