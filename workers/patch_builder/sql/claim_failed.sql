-- $1 what $2 reason $3 seconds that the other side asked for $4 the cause is known to be outside.
-- Backoff doubles from 5 s to 15 min with up to half of it as jitter.
update patch_claim c set session = null, session_at = null, starts = 0, reason = $2, tries = tries + 1,
    charged = case when $4::boolean then charged else charged + 1 end,
    next_at = now() + greatest($3::bigint * interval '1 second',
        least(900, 5 * power(2, least(tries, 12))) * (0.5 + random() / 2) * interval '1 second')
from pg_stat_activity a
where c.what = $1 and a.pid = pg_backend_pid() and c.session = a.pid and c.session_at = a.backend_start
