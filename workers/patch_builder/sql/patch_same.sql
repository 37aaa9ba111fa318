-- $1 managed $2 old $3 plan: this patch was made before. What was not better, or whose proposal ran
-- out, is judged anew; what could not be announced is pushed anew.
update patch set changed_at = now(), reason = case when state in ('not-better', 'expired') then null else reason end,
    state = case when state in ('not-better', 'expired') then 'pushed' else state end
where managed_id = $1 and old_digest = $2 and plan_digest = $3 and new_digest is not null and state <> 'refused'
returning patch_id
