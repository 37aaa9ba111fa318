update patch set state = 'expired', reason = 'nobody decided in time', changed_at = now()
where state = 'proposed' and expires_at <= now()
