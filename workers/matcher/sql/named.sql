-- components that bear one of the names, as binary or as source
select j.judged_id, c.type, c.name, c.version, c.arch, c.source_name, c.source_version, c.module, c.vendor, x.distro, x.release, x.stream
from judged_component j
join component c using (component_id)
join context x using (context_id)
where c.component_id in (select component_id from component where type = $1 and name = any ($2)
                         union select component_id from component where type = $1 and source_name = any ($2) and source_name <> '')
order by j.judged_id
