delete from outbox where outbox_id = any($1::bigint[])
