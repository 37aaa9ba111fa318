-- Absent secrets stay as they are.
insert into registry (name, kind, address, plain_http, private_ok, realm_hosts, username, secret, event_secret)
values ($1, $2, $3, $4, $5, coalesce($6::text[], '{}'), $7, $8, $9)
on conflict (name) do update set kind = excluded.kind, address = excluded.address,
    plain_http = excluded.plain_http, private_ok = excluded.private_ok,
    realm_hosts = excluded.realm_hosts, username = coalesce(excluded.username, registry.username),
    secret = coalesce(excluded.secret, registry.secret),
    event_secret = coalesce(excluded.event_secret, registry.event_secret)
