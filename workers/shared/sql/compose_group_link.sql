insert into image_group (image_id, group_id)
select $1, group_id from package_group
where digest in (select decode(d, 'hex') from unnest($2::text[]) as d)
order by group_id
returning group_id
