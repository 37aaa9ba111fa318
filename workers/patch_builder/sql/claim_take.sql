-- $1 what $2 subject. A row: it is ours until claim_end, claim_failed or the end of this session. Whoever held it
-- when the database was restarted did not crash for that.
insert into patch_claim as c (what, subject, session, session_at, claimed_at, starts)
select $1, $2, a.pid, a.backend_start, now(), 1 from pg_stat_activity a where a.pid = pg_backend_pid()
on conflict (what) do update
    set subject = excluded.subject, session = excluded.session, session_at = excluded.session_at, claimed_at = now(),
        starts = case when c.subject <> excluded.subject then 1
            when c.session_at < pg_postmaster_start_time() then c.starts else c.starts + 1 end,
        tries = case when c.subject = excluded.subject then c.tries else 0 end,
        charged = case when c.subject = excluded.subject then c.charged else 0 end
    where c.next_at <= now() and (c.session is null or c.session = excluded.session or not exists (
        select from pg_stat_activity a
        where a.pid = c.session and coalesce(a.backend_start = c.session_at, true)))
returning starts, charged, coalesce(reason, ''), session, session_at::text
