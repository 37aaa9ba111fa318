-- $1 managed $2 old $3 new $4 number $5 reference $6 state $7 class $8 reason $9 rule $10 packages $11 plan digest $12 bytes
insert into patch (managed_id, old_digest, new_digest, number, reference, state, class, reason, rule, packages, plan_digest, bytes)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (managed_id, old_digest, plan_digest) do update set changed_at = now()
returning patch_id
