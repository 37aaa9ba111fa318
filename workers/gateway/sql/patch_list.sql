-- $1 after $2 limit $3 team $4 state $5 application $6 digest. A team sees the patches that it is
-- asked about, those of bases that its applications stand on, and of images it looks after.
select p.patch_id::text, json_build_object('id', p.patch_id, 'registry', r.name, 'repository', m.repository,
    'tag', m.tag, 'kind', m.kind, 'state', p.state, 'class', p.class, 'reason', p.reason, 'rule', p.rule,
    'old_digest', p.old_digest, 'new_digest', p.new_digest, 'reference', p.reference,
    'packages', jsonb_array_length(p.packages), 'fixed', jsonb_array_length(p.fixed),
    'remaining', jsonb_array_length(p.remaining), 'bytes', p.bytes,
    'consents', (select coalesce(json_object_agg(state, n), '{}') from (
        select c.state, count(*) as n from consent c join application a using (application)
        where c.patch_id = p.patch_id and ($3::text is null or a.team = $3) group by 1) as by_state),
    'created_at', p.created_at, 'changed_at', p.changed_at)::text
from patch p join managed_image m using (managed_id) join registry r using (registry_id)
where ($1::text is null or p.patch_id < $1::bigint)
    and ($4::text is null or p.state = $4)
    and ($6::text is null or p.old_digest = $6 or p.new_digest = $6)
    and (($3::text is null and $5::text is null)
        or exists (select from consent c join application a using (application)
            where c.patch_id = p.patch_id and ($3::text is null or a.team = $3)
                and ($5::text is null or a.application = $5))
        or ($5::text is null and m.team = $3)
        or exists (select from patch_application b where b.patch_id = p.patch_id
            and ($3::text is null or b.team = $3) and ($5::text is null or b.application = $5)))
order by p.patch_id desc limit $2
