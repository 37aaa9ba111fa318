insert into outbox (worker, topic, bulk, message_key, ce_source, ce_id, headers, value, due_at)
values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, now() + $9::bigint * interval '1 second')
on conflict (worker, ce_source, ce_id) do nothing
