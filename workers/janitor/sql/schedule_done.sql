update schedule set last_at = now(), last_result = $2, next_at = now() + every_s * interval '1 second' where name = $1
