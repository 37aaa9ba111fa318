select json_build_object('id', subscription_id, 'team', team, 'channel', channel, 'address', address,
    'kinds', kinds, 'least_severity', least_severity, 'enabled', enabled, 'created_at', created_at,
    'alerts', (select coalesce(json_object_agg(state, n), '{}') from
        (select state, count(*) as n from alert a where a.subscription_id = s.subscription_id group by 1) as by_state))::text
from subscription s
where subscription_id = $1 and ($2::text is null or team = $2)
