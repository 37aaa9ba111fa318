insert into patch_member (patch_id, old_digest, new_digest, platform) values ($1, $2, $3, $4)
on conflict (patch_id, old_digest) do nothing
