-- From the fifth failure in a row: 10 s, doubling to ten minutes.
insert into channel_breaker as b (host, failures) values ($1, 1)
on conflict (host) do update set failures = b.failures + 1,
    open_until = case when b.failures + 1 >= 5
        then now() + make_interval(secs => least(600, 10 * 2 ^ least(b.failures - 4, 10))) end
