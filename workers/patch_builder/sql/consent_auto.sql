-- Where the managed image's rebase policy says so, nobody is asked.
insert into consent (patch_id, application, state, old_digest, decided_by, decided_at, expires_at)
select distinct p.patch_id, b.application, 'approved', b.top, 'policy', now(), now() + interval '30 days'
from patch p join managed_image m using (managed_id)
join application_base b on b.base_digest = p.old_digest
    or b.base_digest in (select pm.old_digest from patch_member pm where pm.patch_id = p.patch_id)
where p.state = 'announced' and m.rebase_policy = 'auto'
on conflict do nothing
