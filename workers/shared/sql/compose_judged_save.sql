-- components and, beside each, whether it takes the image's context
insert into judged_component (component_id, context_id)
select t.component_id, case when t.os then $3::bigint else $4::bigint end
from unnest($1::bigint[], $2::bigint[]) as u (component_id, is_os)
     cross join lateral (select u.component_id, u.is_os <> 0 as os) as t
where not exists (select from judged_component j
                  where j.component_id = t.component_id
                    and j.context_id = case when t.os then $3::bigint else $4::bigint end)
order by t.component_id
on conflict do nothing
