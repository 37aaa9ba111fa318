-- Taken for ten minutes: who dies over it leaves it to the next.
update schedule set next_at = now() + interval '10 minutes' where name = $1 and next_at <= now() returning 1
