-- $1 registry $2 repository $3 tag $4 kind $5 policy $6 rebase policy $7 team $8 lifecycle $9 end of
-- life. What is absent stays as it was.
insert into managed_image as m (registry_id, repository, tag, kind, policy, rebase_policy, team, lifecycle, end_of_life)
select registry_id, $2, $3, coalesce($4, 'stack'), coalesce($5, 'ask'), coalesce($6, 'ask'), $7,
    coalesce($8, 'supported'), $9::date
from registry where name = $1
on conflict (registry_id, repository, tag) do update
    set kind = coalesce($4, m.kind), policy = coalesce($5, m.policy),
        rebase_policy = coalesce($6, m.rebase_policy), team = coalesce($7, m.team),
        lifecycle = coalesce($8, m.lifecycle), end_of_life = coalesce($9::date, m.end_of_life)
returning managed_id
