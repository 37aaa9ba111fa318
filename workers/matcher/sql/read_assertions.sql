select a.assertion_id, a.source, a.vulnerability, a.aliases, a.type, a.name, a.by_source, a.distro, a.release, a.stream, a.state,
       a.ranges::text, a.conditions::text, a.severity, a.cvss, a.title, a.url, a.record::text,
       coalesce(extract(epoch from a.published_at)::bigint, 0)
from assertion a
where (a.type, a.name) in (select type, name from unnest($1::text[], $2::text[]) as want (type, name))
  and a.retracted_at is null
order by a.type collate "C", a.name collate "C", a.assertion_id
