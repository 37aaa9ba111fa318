-- language packages that a distribution package owns are judged as the distribution's
insert into image_exception (image_id, finding_id, reason, by)
select p.image_id, f.finding_id, 'owned by ' || p.owner, 'owner'
from image_package p
join judged_component j using (judged_id)
join context x using (context_id)
join finding f using (judged_id)
where p.image_id = $1 and coalesce(p.owner, '') <> '' and x.distro = '' and f.retracted_at is null
  and not exists (select from image_package other
                  where other.image_id = p.image_id and other.judged_id = p.judged_id and coalesce(other.owner, '') = '')
order by f.finding_id
on conflict (image_id, finding_id) do nothing
