-- $1 after $2 limit $3 team of the caller $4 team wanted
select application, json_build_object('application', application, 'team', team,
    'created_at', created_at,
    'repositories', (select coalesce(json_agg(r.name || '/' || ar.repository order by r.name, ar.repository), '[]')
        from application_repository ar join registry r using (registry_id)
        where ar.application = a.application),
    'images', (select count(distinct digest) from usage u where u.application = a.application),
    'last_seen', (select max(last_seen) from usage u where u.application = a.application))::text
from application a
where ($1::text is null or application > $1) and ($3::text is null or team = $3)
    and ($4::text is null or team = $4)
order by application limit $2
