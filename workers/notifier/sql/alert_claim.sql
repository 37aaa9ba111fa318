-- $1 how many $2 lease in seconds. Not to hosts whose breaker is open.
with due as (
    select a.alert_id from alert a
    where a.state in ('due', 'failed') and a.next_at <= now()
        and not exists (select from channel_breaker b
            where b.host = lower(substring(a.address from '://([^/@?#]+)')) and b.open_until > now())
    order by a.next_at limit $1
    for update skip locked
)
update alert a set next_at = now() + make_interval(secs => $2), attempts = attempts + 1
from due where a.alert_id = due.alert_id
returning a.alert_id, a.kind, a.step, a.channel, a.address, a.body, a.team, a.application,
    (select secret from subscription s where s.subscription_id = a.subscription_id),
    a.attempts, extract(epoch from now() - a.created_at)::bigint,
    floor(extract(epoch from a.created_at))::bigint
