-- Alerts that were sent stay; what is due goes with it.
delete from subscription where subscription_id = $1 and ($2::text is null or team = $2)
