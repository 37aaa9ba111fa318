-- $1 patch $2 old $3 new $4 platform $5 state $6 rule $7 reason $8 packages $9 bytes
insert into patch_member (patch_id, old_digest, new_digest, platform, state, rule, reason, packages, bytes)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (patch_id, old_digest) do update
    set new_digest = excluded.new_digest, state = excluded.state, rule = excluded.rule, reason = excluded.reason,
        packages = excluded.packages, bytes = excluded.bytes
