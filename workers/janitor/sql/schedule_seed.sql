-- A changed setting moves the next time nearer, never further.
insert into schedule as s (name, every_s, next_at) values ($1, $2, now())
on conflict (name) do update set every_s = excluded.every_s,
    next_at = least(s.next_at, now() + excluded.every_s * interval '1 second')
where s.every_s <> excluded.every_s
