-- $1 after $2 limit $3 team of the caller $4 team wanted
select subscription_id::text, json_build_object('id', subscription_id, 'team', team,
    'channel', channel, 'address', address, 'kinds', kinds, 'least_severity', least_severity,
    'enabled', enabled, 'created_at', created_at)::text
from subscription
where ($1::text is null or subscription_id > $1::bigint) and ($3::text is null or team = $3)
    and ($4::text is null or team = $4)
order by subscription_id limit $2
