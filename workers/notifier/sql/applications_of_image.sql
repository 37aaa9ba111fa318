select distinct application from application_image where digest = $1 or top = $1
union
select distinct application from application_base where base_digest = $1
order by 1
