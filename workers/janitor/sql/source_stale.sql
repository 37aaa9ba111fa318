update source set state = 'stale', reason = 'not looked at for ' || max_age_s || ' s'
where state = 'fresh' and greatest(fetched_at, loaded_at) < now() - max_age_s * interval '1 second'
