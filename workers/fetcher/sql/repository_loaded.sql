update repository
set distro = $2, in_release_digest = $3, in_release_date = to_timestamp($4::bigint),
    valid_until = to_timestamp($5::bigint), packages_digest = coalesce($6, packages_digest),
    state = 'fresh', reason = null
where repository_id = $1
