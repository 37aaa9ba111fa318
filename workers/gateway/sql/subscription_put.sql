-- $1 team $2 channel $3 address $4 secret $5 kinds $6 least severity
insert into subscription (team, channel, address, secret, kinds, least_severity)
select team, $2, $3, $4, coalesce($5::text[], '{vulnerability,patch,lifecycle}'), coalesce($6, 'low')
from team where team = $1
on conflict (team, channel, address) do update set secret = coalesce(excluded.secret, subscription.secret),
    kinds = excluded.kinds, least_severity = excluded.least_severity, enabled = true
returning subscription_id
