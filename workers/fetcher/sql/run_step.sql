insert into run_step (run_id, step, state, detail)
select $1, $2, $3, $4
where exists (select from run where run_id = $1)
on conflict (run_id, step) do update
set state = excluded.state, detail = excluded.detail, at = now()
