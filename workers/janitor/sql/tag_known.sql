-- busy: an event of this tag is under way, so the sweep has nothing to say about it
-- yet, unless that stands still for $4 seconds.
select t.name, t.digest, exists (select 1 from run r where r.registry = $2 and r.repository = $3 and r.tag = t.name
                                 and r.state in ('accepted', 'running')
                                 and r.changed_at > now() - $4::bigint * interval '1 second')
from tag t where t.registry_id = $1 and t.repository = $3 and t.deleted_at is null
union all
select r.tag, coalesce(r.digest, ''), true from run r
where r.registry = $2 and r.repository = $3 and r.tag is not null and r.state in ('accepted', 'running')
  and r.changed_at > now() - $4::bigint * interval '1 second'
  and not exists (select 1 from tag t where t.registry_id = $1 and t.repository = $3 and t.name = r.tag and t.deleted_at is null)
