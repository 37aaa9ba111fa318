-- A done task outlives topic retention plus the longest deferral ($1); runs are kept for people ($2).
with tasks as (
    delete from task where task_id in (
        select task_id from task
        where state = 'done' and changed_at < now() - $1::bigint * interval '1 second' limit 20000)
    returning 1
), runs as (
    delete from run where run_id in (
        select run_id from run
        where state in ('done', 'ignored') and changed_at < now() - $2::bigint * interval '1 second' limit 5000)
    returning 1
), leases as (
    delete from blob_lease where until < now() - interval '1 day' returning 1
), repairs as (
    delete from repair where at < now() - interval '30 days' returning 1
), groups as (
    delete from package_group where group_id in (
        select g.group_id from package_group g
        where not exists (select from image_group i where i.group_id = g.group_id)
        order by g.group_id limit 5000 for update skip locked)
    returning 1
)
select (select count(*) from tasks) + (select count(*) from runs) + (select count(*) from leases)
       + (select count(*) from repairs) + (select count(*) from groups)
