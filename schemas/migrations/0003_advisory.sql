-- Advisory sources, assertions, findings.

create sequence advisory_revision;

create table source (
    source        text primary key,           -- 'debian-tracker', 'osv', 'apt:bookworm' …
    format        text not null,
    address       text,
    enabled       boolean not null default true,
    covers        text not null default '',
    max_age_s     bigint not null default 259200,
    state         text not null default 'never-loaded'
                  check (state in ('never-loaded', 'fresh', 'stale', 'failed')),
    reason        text,
    etag          text,
    digest        text,                       -- of the file last imported
    as_of         timestamptz,                -- the publisher's date; never goes back
    fetched_at    timestamptz,
    loaded_at     timestamptz,
    revision      bigint not null default 0,
    records       bigint not null default 0,
    assertions    bigint not null default 0,
    refused       jsonb not null default '{}' -- counted by reason
);

-- A package repository that an operator trusts: address, suites and keys come from him alone.
create table repository (
    repository_id bigint generated always as identity primary key,
    distro        text not null,
    codename      text not null,
    suite         text not null,              -- 'bookworm-security'
    component     text not null default 'main',
    architecture  text not null default 'amd64',
    address       text not null,
    keyring       text not null default '',
    source        text not null references source,
    in_release_digest text,
    in_release_date timestamptz,
    valid_until   timestamptz,
    packages_digest text,
    state         text not null default 'never-loaded',
    reason        text,
    unique (distro, codename, suite, component, architecture, address)
);

create table package_name (
    type          text not null,
    name          text not null,
    revision      bigint not null default 0,
    primary key (type, name)
);

create table assertion (
    assertion_id  bigint generated always as identity primary key,
    source        text not null references source,
    key           text not null,              -- natural key inside the source
    vulnerability text not null,
    aliases       text[] not null default '{}',
    type          text not null,
    name          text not null,              -- source package or binary, as by_source says
    by_source     boolean not null default true,
    distro        text not null default '',
    release       text not null default '',
    stream        text not null default '',
    state         text not null,
    fixed         text,                       -- smallest fixed version, when one number says it
    ranges        jsonb not null default '[]',
    conditions    jsonb not null default '{}',
    severity      text,
    cvss          text,
    title         text,
    url           text,
    published_at  timestamptz,
    modified_at   timestamptz,
    record        jsonb not null default '{}',
    revision      bigint not null,
    retracted_at  timestamptz,
    unique (source, key)
);
create index assertion_name on assertion (type, name) where retracted_at is null;
create index assertion_vulnerability on assertion (vulnerability);

create table vulnerability (
    vulnerability text primary key,
    severity      text,
    cvss          text,
    epss          real,
    epss_percentile real,
    kev_since     date,
    family        text not null,              -- root of the alias family
    published_at  timestamptz,
    title         text
);
create index vulnerability_family on vulnerability (family);

-- An assertion that holds for a judged component: computed once, not per image.
create table finding (
    finding_id    bigint generated always as identity primary key,
    judged_id     bigint not null references judged_component,
    vulnerability text not null,
    family        text not null,
    state         text not null,              -- interfaces.md: fixed affected will-not-fix …
    fixed_version text,
    severity      text not null default 'unknown',
    sources       text[] not null default '{}',
    assertions    bigint[] not null default '{}',
    aliases       text[] not null default '{}',
    rule          text,                       -- why it holds, for explain
    revision      bigint not null,
    first_seen    timestamptz not null default now(),
    changed_at    timestamptz not null default now(),
    retracted_at  timestamptz,
    unique (judged_id, vulnerability)
);
create index finding_vulnerability on finding (vulnerability);
create index finding_family on finding (family);

create table finding_history (
    finding_id    bigint not null references finding on delete cascade,
    at            timestamptz not null default now(),
    what          text not null,              -- appeared, changed, retracted, reappeared
    state         text,
    fixed_version text,
    severity      text,
    revision      bigint,
    primary key (finding_id, at, what)
);

-- What does not hold in one image though the component is judged so: owners, conditions, VEX, policy.
create table image_exception (
    image_id      bigint not null references image on delete cascade,
    finding_id    bigint not null references finding on delete cascade,
    reason        text not null,
    by            text not null,
    primary key (image_id, finding_id)
);

create table image_counter (
    image_id      bigint primary key references image on delete cascade,
    packages      integer not null default 0,
    critical      integer not null default 0,
    high          integer not null default 0,
    medium        integer not null default 0,
    low           integer not null default 0,
    unknown       integer not null default 0,
    fixable       integer not null default 0,
    verdict       text not null default 'unknown',
    revision      bigint,
    counted_at    timestamptz not null default now()
);
