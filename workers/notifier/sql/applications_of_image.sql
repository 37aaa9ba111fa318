select application from applications_named($1)
union
select a.application from image i cross join applications_on(i.image_id) as a where i.digest = $1
order by 1
