with ended as (
    update run
    set state = 'parked', reason = $4, changed_at = now()
    where case when $1 <> 0 then run_id = $1 else event_source = $2 and event_id = $3 end
    returning run_id
)
insert into run_step (run_id, step, state, detail)
select run_id, 'fetched', 'parked', $4 from ended
on conflict (run_id, step) do update
set state = excluded.state, detail = excluded.detail, at = now()
