select r.name, m.repository, m.tag
from managed_image m join registry r using (registry_id)
where m.lifecycle <> 'end-of-life'
order by 1, 2, 3
