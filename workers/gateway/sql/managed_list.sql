-- $1 after $2 limit
select managed_id::text, json_build_object('id', managed_id, 'registry', r.name, 'repository', m.repository,
    'tag', m.tag, 'kind', m.kind, 'policy', m.policy, 'rebase_policy', m.rebase_policy, 'team', m.team,
    'lifecycle', m.lifecycle, 'end_of_life', m.end_of_life, 'digest', t.digest,
    'applications', (select count(distinct a.application)
        from image i cross join applications_on(i.image_id) as a where i.digest = t.digest))::text
from managed_image m join registry r using (registry_id)
left join tag t on t.registry_id = m.registry_id and t.repository = m.repository and t.name = m.tag
    and t.deleted_at is null
where $1::text is null or managed_id > $1::bigint
order by managed_id limit $2
