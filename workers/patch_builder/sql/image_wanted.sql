-- $1 digest of an image that was judged: managed images that are it, or an index of it, are planned
-- again when what could be fixed has changed.
insert into patch_claim as c (what, fixable, wanted_at)
select 'managed:' || m.managed_id, fixable_findings(t.digest), clock_timestamp()
from managed_image m
join tag t on t.registry_id = m.registry_id and t.repository = m.repository and t.name = m.tag and t.deleted_at is null
where t.digest = $1 or t.digest in (
    select x.digest from index_member im join image x on x.image_id = im.index_id where im.digest = $1)
order by 1
on conflict (what) do update set fixable = excluded.fixable, wanted_at = clock_timestamp() -- once the row is ours
    where c.fixable is distinct from excluded.fixable
