-- One repair of a thing in $3 seconds: no row means somebody is at it.
insert into repair as r (what, key) values ($1, $2)
on conflict (what, key) do update set count = r.count + 1, at = now()
    where r.at < now() - $3::bigint * interval '1 second'
returning 1
