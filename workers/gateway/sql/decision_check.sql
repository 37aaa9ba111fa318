-- $1 patch $2 application, or null for the patch itself $3 team of the caller, or null for who manages.
-- The patch itself is its managed image's team's matter, an application is its team's.
select p.state, m.rebase_policy from patch p join managed_image m using (managed_id)
where p.patch_id = $1
    and case when $2::text is null then $3::text is null or m.team = $3
        else exists (select from application a where a.application = $2 and ($3::text is null or a.team = $3))
            and (exists (select from consent c where c.patch_id = $1 and c.application = $2)
                or exists (select from patch_application pa where pa.patch_id = $1 and pa.application = $2)) end
