-- The janitor's memory of what it repaired, and how far each stage's queue has come.

alter table task add column sent_at timestamptz; -- when the message entered the topic
create index task_stage on task (consumer, topic, sent_at);
create index task_finished on task (changed_at) where state = 'done';

create table repair (
    what          text not null,              -- stage: fetched, read, composed, matched
    key           text not null,              -- digest
    count         integer not null default 1,
    at            timestamptz not null default now(),
    primary key (what, key)
);
