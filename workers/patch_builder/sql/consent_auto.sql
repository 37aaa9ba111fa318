-- Where the managed image's rebase policy says so, nobody is asked.
insert into consent (patch_id, application, state, old_digest, decided_by, decided_at, expires_at)
select distinct p.patch_id, a.application, 'approved', a.top, 'policy', now(), now() + interval '30 days'
from patch p join managed_image m using (managed_id) join patch_application a using (patch_id)
where p.state = 'announced' and m.rebase_policy = 'auto'
on conflict do nothing
