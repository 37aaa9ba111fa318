-- Every push of these images says where it stands.
insert into run_step (run_id, step, state, detail)
select run_id, 'unpacked', $2, $3 from run where digest = any ($1)
on conflict (run_id, step) do update set state = excluded.state, detail = excluded.detail, at = now()
where (run_step.state, run_step.detail) is distinct from (excluded.state, excluded.detail)
