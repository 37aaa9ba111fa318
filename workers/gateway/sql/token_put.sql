insert into token (name, hash, role, team)
select $1, $2, $3, $4
where $4::text is null or exists (select from team where team = $4)
on conflict (name) do nothing
returning token_id
