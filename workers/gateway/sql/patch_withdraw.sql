-- $1 patch $2 reason: nobody consents to it any more, and what was asked or agreed is void.
with withdrawn as (
    update patch set state = 'withdrawn', reason = coalesce($2, reason), changed_at = now()
    where patch_id = $1 and state in ('built', 'pushed', 'proposed', 'proved', 'announced')
    returning patch_id
), over as (
    update consent c set state = 'expired', reason = 'the patch was withdrawn' from withdrawn w
    where c.patch_id = w.patch_id and c.state in ('asked', 'approved')
)
select patch_id from withdrawn
