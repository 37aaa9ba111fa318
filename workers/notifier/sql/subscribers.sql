-- $1 team $2 kind $3 severity. An unknown severity is never below the least wanted.
select subscription_id, channel, address
from subscription
where team = $1 and enabled and channel <> 'kafka' and $2 = any (kinds)
    and coalesce(array_position('{critical,high,medium,low}'::text[], $3), 0)
        <= coalesce(array_position('{critical,high,medium,low,unknown,negligible}'::text[], least_severity), 6)
order by subscription_id
