-- $1 after $2 limit
select name, json_build_object('name', name, 'kind', kind, 'address', address, 'plain_http', plain_http,
    'private_ok', private_ok, 'realm_hosts', realm_hosts, 'username', username,
    'has_secret', secret is not null, 'has_event_secret', event_secret is not null,
    'events', '/v1/events/' || name)::text
from registry where $1::text is null or name > $1
order by name limit $2
