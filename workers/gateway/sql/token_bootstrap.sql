insert into token (name, hash, role) values ('bootstrap', $1, 'admin')
on conflict (name) do update set hash = excluded.hash, revoked_at = null
    where token.hash <> excluded.hash or token.revoked_at is not null
