-- $1 after $2 limit $3 team
select team, json_build_object('team', team, 'created_at', created_at,
    'applications', (select count(*) from application a where a.team = t.team))::text
from team t
where ($1::text is null or team > $1) and ($3::text is null or team = $3)
order by team limit $2
