-- $1 after $2 limit $3 team $4 application $5 digest $6 environment
select key, json_build_object('application', application, 'team', team, 'environment', environment,
    'place', place, 'digest', digest, 'since', since, 'last_seen', last_seen,
    'reported_by', reported_by, 'known', known)::text
from (
    select u.application || '|' || u.environment || '|' || u.place || '|' || u.digest as key,
        u.*, a.team,
        exists (select from image i where i.digest = u.digest or i.config_digest = u.digest) as known
    from usage u join application a using (application)
    where ($3::text is null or a.team = $3) and ($4::text is null or u.application = $4)
        and ($5::text is null or u.digest = $5) and ($6::text is null or u.environment = $6)
) as shown
where $1::text is null or key > $1
order by key limit $2
