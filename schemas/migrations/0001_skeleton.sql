-- How every message lives and dies (architecture.md 3): inbox, attempts, deferral, parking, outbox.

create table task (
    consumer      text not null,              -- worker kind
    ce_source     text not null,
    ce_id         text not null,
    topic         text not null,              -- full topic name it came from
    state         text not null check (state in ('started', 'done', 'deferred', 'parked')),
    bulk          boolean not null default false,
    starts        integer not null default 0, -- starts that have not finished
    attempts      integer not null default 0, -- charged attempts (unknown causes)
    reason        text,
    error_kind    text,
    host          text,                       -- that failed, for the circuit breaker
    next_at       timestamptz,                -- deferred: when the janitor sends it again
    message_key   text,
    headers       jsonb not null default '{}',
    value         bytea,                      -- the original message while deferred or parked
    received_at   timestamptz not null default now(),
    changed_at    timestamptz not null default now(),
    primary key (consumer, ce_source, ce_id)
);
create index task_due on task (next_at) where state = 'deferred';
create index task_parked on task (changed_at) where state = 'parked';
create index task_started on task (changed_at) where state = 'started';

create table outbox (
    outbox_id     bigint generated always as identity primary key,
    worker        text not null,              -- kind; any replica flushes the rest
    topic         text not null,
    message_key   text not null,
    ce_id         text not null,
    headers       jsonb not null default '{}',
    value         bytea not null,
    created_at    timestamptz not null default now()
);
create index outbox_worker on outbox (worker, outbox_id);

-- One push and its steps, for the API: nothing silent.
create table run (
    run_id        bigint generated always as identity primary key,
    cause         text not null,
    registry      text not null,
    repository    text not null,
    tag           text,
    digest        text,
    event_source  text,
    event_id      text,
    state         text not null default 'accepted' check (state in ('accepted', 'running', 'done', 'parked', 'ignored')),
    reason        text,
    started_at    timestamptz not null default now(),
    changed_at    timestamptz not null default now(),
    unique (event_source, event_id)
);
create index run_digest on run (digest);
create index run_place on run (registry, repository, tag);

create table run_step (
    run_id        bigint not null references run on delete cascade,
    step          text not null,              -- fetched, unpacked, matched, patched, announced …
    state         text not null,
    detail        text,
    at            timestamptz not null default now(),
    primary key (run_id, step)
);

-- The janitor's clock: one row per thing done on a schedule.
create table schedule (
    name          text primary key,
    every_s       bigint not null,
    next_at       timestamptz not null default now(),
    last_at       timestamptz,
    last_result   text
);

create table counter (
    name          text primary key,           -- repairs and the like, over all replicas
    value         bigint not null default 0
);
