-- $1 managed image, or null: all. Those that want a step: a tag to move, or new content, or a reason to plan
-- again. Asked once more of the one that was taken: another builder may have done it meanwhile.
select m.managed_id, coalesce(t.digest, '')
from managed_image m
left join tag t on t.registry_id = m.registry_id and t.repository = m.repository and t.name = m.tag and t.deleted_at is null
left join image i on i.digest = t.digest
left join patch_claim c on c.what = 'managed:' || m.managed_id
where ($1::bigint is null or m.managed_id = $1) and coalesce(c.next_at <= now(), true)
    and (exists (select from patch p where p.managed_id = m.managed_id and (p.state = 'proved'
            or (p.state = 'withdrawn' and p.moved_at is not null and p.moved_back_at is null)))
        or (m.policy <> 'never' and (c.looked_digest is distinct from t.digest or c.wanted_at > c.looked_at)
            and (i.state = 'matched' or (i.kind = 'index'
                and exists (select from index_member im join image x on x.digest = im.digest
                    where im.index_id = i.image_id and x.state = 'matched')
                and not exists (select from index_member im join image x on x.digest = im.digest
                    where im.index_id = i.image_id and x.state in ('fetching', 'unpacking', 'unpacked'))))
            and not exists (select from patch p where p.managed_id = m.managed_id and p.new_digest = t.digest)))
order by coalesce(c.claimed_at, '-infinity'), m.managed_id
limit 20
