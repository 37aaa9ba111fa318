-- Its patches remain as history, so the row stays.
update managed_image set policy = 'never', rebase_policy = 'never' where managed_id = $1
