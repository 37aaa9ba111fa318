select repository_id, suite, component, architecture, address, keyring, in_release_digest,
       packages_digest, coalesce(extract(epoch from in_release_date)::bigint, 0)
from repository
where source = $1
order by suite, address, component, architecture
