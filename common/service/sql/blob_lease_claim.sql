insert into blob_lease as l (digest, holder, until)
values ($1, $2, now() + $3::bigint * interval '1 second')
on conflict (digest) do update set holder = excluded.holder, until = excluded.until
    where l.holder = excluded.holder or l.until < now()
returning 1
