-- Counts a start unless the task is finished, parked, deferred to a later time, or was started $7 - 1 times without an end.
-- $8: 1 for a new start, 0 when the same process tries again after it lost the database.
with before as (
    select state, starts from task where consumer = $1 and ce_source = $2 and ce_id = $3
), started as (
    insert into task as t (consumer, ce_source, ce_id, topic, bulk, state, starts, message_key, started_at, sent_at)
    values ($1, $2, $3, $4, $5, 'started', 1, $6, now(), to_timestamp($9::bigint / 1000.0))
    on conflict (consumer, ce_source, ce_id) do update
        set state = 'started', starts = t.starts + $8::integer, started_at = now(), changed_at = now()
        where (t.state = 'started' or (t.state = 'deferred' and coalesce(t.next_at, now()) <= now()))
          and t.starts + $8::integer < $7::integer
    returning t.starts, t.tries
)
select coalesce((select 'run' from started), (select state from before), 'run'),
       coalesce((select starts + tries from started), 0)
