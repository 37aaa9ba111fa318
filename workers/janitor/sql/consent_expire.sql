update consent set state = 'expired',
    reason = case state when 'asked' then 'nobody decided in time' else 'it could not be applied in time' end
where (state = 'asked' and expires_at <= now())
   or (state = 'approved' and expires_at <= now() - interval '1 hour') -- a rebase begun in time may end
