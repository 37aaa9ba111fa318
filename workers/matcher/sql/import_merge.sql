-- new keys come in, missing ones are retracted, the rest is not touched; gives the names that moved
with fresh as (
    select distinct on (key) * from import_staging where type <> 'cve' order by key
), added as (
    insert into assertion (source, key, vulnerability, aliases, type, name, by_source, distro, release, stream, state, fixed, ranges, conditions,
                           severity, cvss, title, url, published_at, modified_at, record, revision)
    select $1, key, vulnerability, aliases, type, name, by_source, distro, release, stream, state, fixed, ranges, conditions,
           severity, cvss, title, url, published_at, modified_at, record, $2
    from fresh f
    where not exists (select from assertion a where a.source = $1 and a.key = f.key and a.retracted_at is null)
    order by key
    on conflict (source, key) do update set retracted_at = null, revision = excluded.revision
    returning type, name
), gone as (
    update assertion a set retracted_at = now(), revision = $2
    where a.source = $1 and a.retracted_at is null and not exists (select from import_staging f where f.key = a.key)
    returning type, name
)
select type, name, sum(came)::bigint, sum(went)::bigint
from (select type, name, 1 as came, 0 as went from added union all select type, name, 0, 1 from gone) moved
group by type, name
order by type collate "C", name collate "C"
