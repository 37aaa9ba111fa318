insert into layer (digest, media_type, bytes)
select d, m, b
from unnest($1::text[], $2::text[], $3::bigint[]) as t (d, m, b)
where not exists (select from layer where layer.digest = d)
order by d
on conflict (digest) do nothing
