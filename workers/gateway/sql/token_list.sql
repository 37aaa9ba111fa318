-- $1 after $2 limit
select token_id::text, json_build_object('id', token_id, 'name', name, 'role', role, 'team', team,
    'created_at', created_at, 'last_used', last_used, 'revoked_at', revoked_at)::text
from token where $1::text is null or token_id > $1::bigint
order by token_id limit $2
