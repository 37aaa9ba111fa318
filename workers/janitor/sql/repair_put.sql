insert into repair as r (what, key) values ($1, $2)
on conflict (what, key) do update set count = r.count + 1, at = now()
