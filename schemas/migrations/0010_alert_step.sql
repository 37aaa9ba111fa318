-- An alert is of one step of its fact (found, resolved; available, applied, failed): once each. A
-- message that gathers many facts for one destination names no fact of its own.
alter table alert add column step text not null default 'found';
drop index alert_once;
create unique index alert_once on alert (fact_id, channel, coalesce(subscription_id, 0), kind, step);
