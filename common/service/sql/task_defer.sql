-- Backoff doubles from 5 s to 15 min with up to half of it as jitter; never earlier than the other
-- side asked ($9, seconds). An unknown cause ($10 false) is charged, and parked once $11 are spent.
update task
set attempts = case when $10::boolean then attempts else attempts + 1 end,
    tries = tries + 1,
    starts = 0,
    state = case when not $10::boolean and attempts + 1 >= $11::bigint then 'parked' else 'deferred' end,
    next_at = case when not $10::boolean and attempts + 1 >= $11::bigint then null
              else now() + greatest($9::bigint * interval '1 second',
                   least(900, 5 * power(2, least(tries, 12))) * (0.5 + random() / 2) * interval '1 second') end,
    error_kind = $4, reason = $5, message_key = $6, value = $7, headers = $8::jsonb, host = nullif($12, ''),
    changed_at = now()
where consumer = $1 and ce_source = $2 and ce_id = $3
returning state, extract(epoch from next_at - now())::bigint
