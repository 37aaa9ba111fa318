insert into application (application, team)
select $1, team from team where team = $2
on conflict (application) do update set team = excluded.team
returning application
