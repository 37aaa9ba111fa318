-- components of the image never matched, or whose names have moved since
select distinct j.judged_id, c.type, c.name, c.version, c.arch, c.source_name, c.source_version, c.module, c.vendor, x.distro, x.release, x.stream
from image_package p
join judged_component j using (judged_id)
join component c using (component_id)
join context x using (context_id)
where p.image_id = $1
  and (j.matched_revision is null or j.coverage in ('unknown', 'pending')
       or exists (select from package_name n where n.type = c.type and n.name in (c.name, c.source_name) and n.revision > j.matched_revision))
order by j.judged_id
