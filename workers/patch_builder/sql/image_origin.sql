-- $1 digest: one of our own outputs says so.
update image set origin = case when exists (select from consent where new_digest = $1) then 'rebase' else 'patch' end
where digest = $1 and origin is null
    and (exists (select from consent where new_digest = $1) or exists (select from patch_member where new_digest = $1 and old_digest <> $1))
