insert into component (type, name, version, arch, source_name, source_version, module, vendor)
select t.*
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
     as t (type, name, version, arch, source_name, source_version, module, vendor)
where not exists (select from component c
                  where c.type = t.type and c.name = t.name and c.version = t.version and c.arch = t.arch
                    and c.source_name = t.source_name and c.source_version = t.source_version
                    and c.module = t.module and c.vendor = t.vendor)
order by t.type, t.name, t.version, t.arch, t.source_name, t.source_version, t.module, t.vendor
on conflict do nothing
