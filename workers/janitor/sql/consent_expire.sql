update consent set state = 'expired', reason = 'nobody decided in time'
where state = 'asked' and expires_at <= now()
