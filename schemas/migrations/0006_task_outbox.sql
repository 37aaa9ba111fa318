-- least: 1
-- A task can be named by number; an outbox row keeps its lane, its source and when it is due; a blob
-- being pulled or read has a holder.

alter table task add column task_id bigint generated always as identity unique;
alter table task add column started_at timestamptz;
alter table task add column tries integer not null default 0; -- deferrals in a row, for the backoff
comment on column task.topic is 'without prefix and version: image.pushed';

alter table outbox add column ce_source text not null default '';
alter table outbox add column bulk boolean not null default false;
alter table outbox add column due_at timestamptz not null default now();
comment on column outbox.topic is 'without prefix and version: image.pushed';
drop index outbox_worker;
create index outbox_due on outbox (worker, due_at);
create unique index outbox_event on outbox (worker, ce_source, ce_id);

create table blob_lease (
    digest        text primary key,
    holder        text not null,
    until         timestamptz not null
);
