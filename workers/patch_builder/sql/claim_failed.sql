-- $1 what $2 reason $3 seconds that the other side asked for $4 the cause is known to be outside $5 the session
-- that took it $6 its start, live or lost. Backoff doubles from 5 s to 15 min with up to half of it as jitter.
update patch_claim set session = null, session_at = null, starts = 0, reason = $2, tries = tries + 1,
    charged = case when $4::boolean then charged else charged + 1 end,
    next_at = now() + greatest($3::bigint * interval '1 second',
        least(900, 5 * power(2, least(tries, 12))) * (0.5 + random() / 2) * interval '1 second')
where what = $1 and session = $5 and session_at = $6::timestamptz
