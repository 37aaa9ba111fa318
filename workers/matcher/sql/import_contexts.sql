with now_there as (
    select distinct type, distro, release from import_staging
), gone as (
    delete from source_context c where c.source = $1
    and not exists (select from now_there n where (n.type, n.distro, n.release) = (c.type, c.distro, c.release))
)
insert into source_context (source, type, distro, release)
select $1, type, distro, release from now_there order by 2, 3, 4
on conflict do nothing
