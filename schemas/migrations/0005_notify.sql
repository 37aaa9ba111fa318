-- Who is told what, once.

create table token (
    token_id      bigint generated always as identity primary key,
    name          text not null unique,
    hash          text not null unique,       -- sha256 of the token
    role          text not null check (role in ('admin', 'operator', 'reader', 'team', 'usage')),
    team          text references team,
    created_at    timestamptz not null default now(),
    last_used     timestamptz,
    revoked_at    timestamptz
);

create table subscription (
    subscription_id bigint generated always as identity primary key,
    team          text not null references team,
    channel       text not null check (channel in ('kafka', 'webhook', 'mail', 'chat')),
    address       text not null default '',
    secret        text,                       -- signing secret
    kinds         text[] not null default '{vulnerability,patch,lifecycle}',
    least_severity text not null default 'low',
    enabled       boolean not null default true,
    created_at    timestamptz not null default now(),
    unique (team, channel, address)
);

create table fact (
    fact_id       bigint generated always as identity primary key,
    application   text not null,
    kind          text not null,              -- vulnerability, patch, lifecycle …
    family        text not null,              -- vulnerability family, patch id, lifecycle step
    episode       integer not null default 1,
    opened_at     timestamptz not null default now(),
    closed_at     timestamptz,
    cause         text not null,
    unique (application, kind, family, episode)
);

-- Committed with its id before the first send, never regenerated.
create table alert (
    alert_id      uuid primary key,
    fact_id       bigint references fact on delete cascade,
    team          text not null,
    application   text not null default '',
    kind          text not null,              -- topic: vulnerability, patch, lifecycle
    channel       text not null,
    subscription_id bigint references subscription on delete cascade,
    body          jsonb not null,
    state         text not null default 'due' check (state in ('due', 'sent', 'failed', 'parked')),
    attempts      integer not null default 0,
    next_at       timestamptz not null default now(),
    reason        text,
    created_at    timestamptz not null default now(),
    sent_at       timestamptz
);
create unique index alert_once on alert (fact_id, channel, coalesce(subscription_id, 0), kind);
create index alert_due on alert (next_at) where state in ('due', 'failed');
