select json_build_object('team', team, 'created_at', created_at)::text from team where team = $1
