select registry_id, name, address, plain_http, private_ok, coalesce(array_to_string(realm_hosts, ' '), ''),
       coalesce(username, ''), coalesce(secret, '')
from registry
where name = $1
