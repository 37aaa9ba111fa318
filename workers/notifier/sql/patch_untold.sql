-- Announced or proposed in the last day and nobody was told: no message led here, or nobody stood on it yet.
select patch_id from patch p
where state in ('announced', 'proposed') and changed_at > now() - interval '1 day'
    and not exists (select from fact f where f.kind = 'patch'
        and f.family = 'patch:' || p.patch_id || case when p.state = 'proposed' then ':proposal' else '' end)
order by patch_id limit 20
