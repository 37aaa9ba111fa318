update schedule set last_at = now(), next_at = now() + every_s * interval '1 second'
where name = $1 and next_at <= now()
returning 1
