-- What stands still for $1 seconds although its stage's queue has come past it (a newer message of the
-- stage was begun) or nobody has begun anything for as long. Not what is deferred or parked as a task.
-- Waits double with every repair of the same row.
with stage as (
    select consumer, max(sent_at) as sent_at, max(started_at) as started_at from task
    where consumer in ('fetcher', 'unpacker', 'matcher') group by consumer
), passed as (
    select name, coalesce(s.sent_at, '-infinity') as sent_at,
           coalesce(s.started_at, '-infinity') < now() - $1::bigint * interval '1 second' as idle
    from (values ('fetcher'), ('unpacker'), ('matcher')) as n(name)
    left join stage s on s.consumer = n.name
), still as (
    select 'fetched' as what, i.digest as key, i.changed_at, 'fetcher' as consumer from image i
    where i.state = 'fetching' and i.kind = 'image'
    union all
    select 'read', l.digest, coalesce(l.lease_until, l.first_seen), 'unpacker' from layer l
    where l.state = 'unread' and l.stored and coalesce(l.lease_until, '-infinity') < now()
    union all
    -- Who held the lease of a layer is gone, and so is his message: whoever waits pulls it himself.
    select 'pulled', i.digest, i.changed_at, 'fetcher' from image i
    where i.state = 'unpacking' and i.pending > 0
      and exists (select from layer l join image_layer il using (layer_id)
                  where il.image_id = i.image_id and l.state = 'unread' and not l.stored
                    and not exists (select from blob_lease b where b.digest = l.digest and b.until > now()))
    union all
    select 'composed', i.digest, i.changed_at, 'unpacker' from image i
    where i.state = 'unpacking' and i.pending = 0
    union all
    select 'matched', i.digest, i.changed_at, 'matcher' from image i
    where i.state = 'unpacked'
)
select s.what, s.key, coalesce(r.count, 0)
from still s
join passed p on p.name = s.consumer
left join repair r on r.what = s.what and r.key = s.key
where s.changed_at < now() - $1::bigint * interval '1 second'
  and (p.idle or s.changed_at < p.sent_at)
  and coalesce(r.at + $1::bigint * power(2, r.count) * interval '1 second', '-infinity') < now()
  and not exists (select 1 from task t where t.message_key = s.key and t.state in ('deferred', 'parked')
                  and t.consumer = s.consumer)
order by s.changed_at
limit $2
