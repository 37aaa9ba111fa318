-- $1 what: it is looked at from now on. Whoever wants something of it waits until it is known what is planned.
update patch_claim c set claimed_at = clock_timestamp()
from pg_stat_activity a
where c.what = $1 and a.pid = pg_backend_pid() and c.session = a.pid and c.session_at = a.backend_start
returning 1
