-- $1 id $2 state $3 reason $4 wait in seconds
update alert set state = $2, reason = $3,
    next_at = case when $2 = 'failed' then now() + make_interval(secs => $4) else next_at end,
    sent_at = case when $2 = 'sent' then now() else sent_at end
where alert_id = $1::uuid
