-- Managed images, patches, consent, applications.

create table managed_image (
    managed_id    bigint generated always as identity primary key,
    registry_id   bigint not null references registry,
    repository    text not null,
    tag           text not null,
    kind          text not null default 'stack' check (kind in ('os', 'stack')),
    policy        text not null default 'ask' check (policy in ('auto', 'ask', 'never')),
    rebase_policy text not null default 'ask' check (rebase_policy in ('auto', 'ask', 'never')),
    team          text,
    lifecycle     text not null default 'supported' check (lifecycle in ('supported', 'aged', 'deprecated', 'end-of-life')),
    end_of_life   date,
    created_at    timestamptz not null default now(),
    unique (registry_id, repository, tag)
);

create table team (
    team          text primary key,
    created_at    timestamptz not null default now()
);

create table application (
    application   text primary key,
    team          text not null references team,
    created_at    timestamptz not null default now()
);

create table application_repository (         -- where its images are pushed
    application   text not null references application on delete cascade,
    registry_id   bigint not null references registry,
    repository    text not null,
    primary key (application, registry_id, repository)
);

create table usage (
    application   text not null references application on delete cascade,
    environment   text not null default '',
    place         text not null default '',
    digest        text not null,              -- as reported: index, manifest or config digest
    image_id      bigint references image,
    since         timestamptz not null default now(),
    last_seen     timestamptz not null default now(),
    reported_by   text,
    primary key (application, environment, place, digest)
);
create index usage_digest on usage (digest);

-- One patch of one managed image (for an index: of all its platforms together).
create table patch (
    patch_id      bigint generated always as identity primary key,
    managed_id    bigint not null references managed_image,
    old_digest    text not null,
    new_digest    text,
    number        integer,                    -- N of TAG-resole.N
    reference     text,
    state         text not null default 'planned'
                  check (state in ('planned', 'refused', 'built', 'pushed', 'announced', 'not-better', 'withdrawn', 'superseded')),
    class         text check (class in ('automatic', 'needs-test', 'needs-rebuild')),
    reason        text,
    rule          text,                       -- the refusing rule, R1 … R14
    packages      jsonb not null default '[]',
    fixed         jsonb not null default '[]',
    remaining     jsonb not null default '[]',
    plan_digest   text,                       -- same inputs, same plan: nothing to do
    bytes         bigint,
    revision      bigint,
    created_at    timestamptz not null default now(),
    changed_at    timestamptz not null default now(),
    unique (managed_id, old_digest, plan_digest)
);
create index patch_new on patch (new_digest);

create table patch_member (                   -- one platform of a patched index
    patch_id      bigint not null references patch on delete cascade,
    old_digest    text not null,
    new_digest    text,
    platform      text,
    primary key (patch_id, old_digest)
);

-- Consent binds approver, application, patch, the application's digest then, and an expiry.
create table consent (
    patch_id      bigint not null references patch on delete cascade,
    application   text not null references application on delete cascade,
    state         text not null default 'asked' check (state in ('asked', 'approved', 'declined', 'expired', 'applied', 'failed')),
    old_digest    text not null,
    new_digest    text,
    reference     text,
    decided_by    text,
    decided_at    timestamptz,
    expires_at    timestamptz not null,
    reason        text,
    asked_at      timestamptz not null default now(),
    primary key (patch_id, application, old_digest)
);
