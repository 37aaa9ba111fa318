-- $1 id $2 fact $3 team $4 application $5 kind $6 channel $7 subscription $8 body $9 state $10 address
-- $11 step. A fact's step is told once per destination.
insert into alert (alert_id, fact_id, team, application, kind, channel, subscription_id, body, state, address, step, sent_at)
values ($1::uuid, $2, $3, coalesce($4, ''), $5, $6, $7, $8::json, $9, $10, $11, case when $9 = 'sent' then now() end)
on conflict (fact_id, channel, coalesce(subscription_id, 0), kind, step) do nothing
returning alert_id
