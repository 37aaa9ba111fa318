-- Announced in the last day and nobody was told: no message led here, or nobody stood on it yet.
select patch_id from patch p
where state = 'announced' and changed_at > now() - interval '1 day'
    and not exists (select from fact f where f.kind = 'patch' and f.family = 'patch:' || p.patch_id)
order by patch_id limit 20
