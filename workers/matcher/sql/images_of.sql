select distinct p.image_id
from finding f
join image_package p using (judged_id)
where f.finding_id = any ($1::bigint[])
order by 1
