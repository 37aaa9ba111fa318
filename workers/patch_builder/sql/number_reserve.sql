-- $1 registry $2 repository $3 tag $4 digest $5 least: the N of this digest's TAG-resole.N, for good.
insert into patch_number as n (registry_id, repository, tag, digest, number)
select $1, $2, $3, $4, greatest($5::integer, coalesce((select max(number) + 1 from patch_number
    where registry_id = $1 and repository = $2 and tag = $3), 1))
on conflict (registry_id, repository, tag, digest) do update
    set number = case when n.number >= $5::integer then n.number else excluded.number end
returning number
