-- $1 managed $2 old $3 new $4 number $5 reference $6 state $7 class $8 reason $9 rule $10 plan digest
insert into patch (managed_id, old_digest, new_digest, number, reference, state, class, reason, rule, plan_digest)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (managed_id, old_digest, plan_digest) do update
    set state = excluded.state, new_digest = excluded.new_digest, number = excluded.number, reference = excluded.reference,
        class = excluded.class, reason = excluded.reason, rule = excluded.rule, changed_at = now()
    where patch.new_digest is null or patch.state = 'refused'
returning patch_id
