-- $1 after $2 limit $3 digest $4 tier
select key, json_build_object('type', type, 'name', name, 'version', version, 'arch', nullif(arch, ''),
    'source', nullif(source_name, ''), 'source_version', nullif(source_version, ''), 'tier', tier,
    'layer', layer, 'paths', paths, 'owner', owner, 'coverage', coverage)::text
from (
    select concat_ws('|', p.tier, c.type, c.name, c.version, c.arch, p.layer::text, p.judged_id::text) as key,
        c.*, p.tier, p.layer, p.paths[1:20] as paths, p.owner, j.coverage
    from image i join image_package p using (image_id) join judged_component j using (judged_id)
    join component c using (component_id)
    where i.digest = $3 and ($4::text is null or p.tier = $4)
) as shown
where $1::text is null or key > $1
order by key limit $2
