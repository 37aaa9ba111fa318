-- $1 patch: what its members say, together; a package of some platforms alone names them.
with members as (
    select platform, packages from patch_member where patch_id = $1 and state <> 'refused'
), entry as (
    select e ->> 'name' as name, e ->> 'old' as old, e ->> 'new' as new, array_agg(m.platform order by m.platform) as platforms
    from members m, jsonb_array_elements(m.packages) as e group by 1, 2, 3
)
update patch set bytes = (select sum(bytes) from patch_member where patch_id = $1),
    packages = (select coalesce(jsonb_agg(jsonb_build_object('name', name, 'old', old, 'new', new)
        || case when cardinality(platforms) = (select count(*) from members) then '{}'::jsonb
            else jsonb_build_object('platforms', to_jsonb(platforms)) end order by name, old, new), '[]') from entry)
where patch_id = $1
