-- $1 after $2 limit $3 team $4 application $5 kind $6 state; newest first
select key, json_build_object('id', alert_id, 'team', team, 'application', nullif(application, ''), 'kind', kind,
    'channel', channel, 'address', nullif(address, ''), 'state', state, 'attempts', attempts, 'reason', reason,
    'created_at', created_at, 'sent_at', sent_at, 'next_at', case when state in ('due', 'failed') then next_at end,
    'body', body)::text
from (
    select to_char(created_at at time zone 'utc', 'YYYYMMDDHH24MISSUS') || '|' || alert_id as key, * from alert
    where ($3::text is null or team = $3) and ($4::text is null or application = $4)
        and ($5::text is null or kind = $5) and ($6::text is null or state = $6)
) as shown
where $1::text is null or key < $1
order by key desc limit $2
