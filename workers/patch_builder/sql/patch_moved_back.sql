-- $1 withdrawn patch $2 the one that holds again, or 0
with back as (
    update patch set moved_back_at = now(), changed_at = now() where patch_id = $1 and state = 'withdrawn' returning patch_id
)
update patch set state = 'announced', changed_at = now()
where patch_id = $2 and state = 'superseded' and exists (select from back)
