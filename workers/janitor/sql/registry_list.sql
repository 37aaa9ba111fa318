select registry_id, name, address, plain_http, private_ok, array_to_string(realm_hosts, ' '), coalesce(username, ''),
       coalesce(secret, '')
from registry order by 1
