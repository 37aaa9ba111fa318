update source set state = 'stale', reason = 'not loaded for ' || max_age_s || ' s'
where state = 'fresh' and loaded_at < now() - max_age_s * interval '1 second'
