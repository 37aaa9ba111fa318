-- $1 patch $2 application $3 its image: still to be done? The list was read before the claim was taken.
select 1 from consent c join patch p using (patch_id)
where c.patch_id = $1 and c.application = $2 and c.old_digest = $3 and c.state = 'approved' and c.expires_at > now()
    and p.state = 'announced'
