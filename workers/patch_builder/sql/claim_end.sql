-- $1 what $2 digest looked at, or null. No row: the claim was lost meanwhile.
update patch_claim c set session = null, session_at = null, starts = 0, tries = 0, charged = 0, reason = null,
    looked_digest = coalesce($2, looked_digest),
    looked_at = case when $2::text is null then looked_at else claimed_at end
from pg_stat_activity a
where c.what = $1 and a.pid = pg_backend_pid() and c.session = a.pid and c.session_at = a.backend_start
returning c.what
