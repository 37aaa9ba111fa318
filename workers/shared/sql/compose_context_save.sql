insert into context (distro, release, stream, content_set)
select $1, $2, $3, $4
where not exists (select from context
                  where distro = $1 and release = $2 and stream = $3 and content_set = $4)
on conflict do nothing
