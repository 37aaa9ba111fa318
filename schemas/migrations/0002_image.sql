-- Registries, images, layers, and what layers say.

create table registry (
    registry_id   bigint generated always as identity primary key,
    name          text not null unique,       -- as in /v1/events/{name}
    kind          text not null default 'distribution',
    address       text not null,              -- host[:port]
    plain_http    boolean not null default false,
    private_ok    boolean not null default false, -- may resolve to private or loopback addresses
    realm_hosts   text[] not null default '{}',   -- where credentials may go besides the host itself
    username      text,
    secret        text,                       -- sealed or a path, see deploy/README.md
    event_secret  text,                       -- hash or sealed secret of its push events
    created_at    timestamptz not null default now()
);

-- One platform's manifest, an index over several, or an artefact that is only recorded.
create table image (
    image_id      bigint generated always as identity primary key,
    digest        text not null unique,       -- manifest digest
    kind          text not null check (kind in ('image', 'index', 'artifact')),
    media_type    text not null,
    artifact_type text,                       -- attestation, signature, chart, resole-… for artifacts
    subject       text,                       -- digest an artifact refers to
    config_digest text,
    os            text,
    architecture  text,
    variant       text,
    created_at_image timestamptz,             -- as the config claims
    manifest      text,                       -- verbatim bytes
    config        text,
    chain_id      text,                       -- of all its layers
    bytes         bigint,
    state         text not null default 'fetching'
                  check (state in ('fetching', 'unpacking', 'unpacked', 'matched', 'parked', 'recorded')),
    reason        text,
    pending       integer not null default 0, -- layers not yet read
    os_id         text,                       -- of os-release, once composed
    os_version    text,
    os_codename   text,
    complete      boolean,
    warnings      jsonb not null default '[]',
    matched_revision bigint,
    origin        text,                       -- 'patch' or 'rebase' for our own outputs
    first_seen    timestamptz not null default now(),
    changed_at    timestamptz not null default now()
);
create index image_config on image (config_digest);
create index image_chain on image (chain_id);
create index image_state on image (state) where state not in ('matched', 'recorded');

create table index_member (
    index_id      bigint not null references image on delete cascade,
    position      integer not null,
    digest        text not null,
    platform      text,
    role          text not null default 'image', -- image, index, attestation, unknown
    primary key (index_id, position)
);
create index index_member_digest on index_member (digest);

-- Which repository holds which image: knowledge never crosses repositories without a HEAD.
create table image_place (
    registry_id   bigint not null references registry,
    repository    text not null,
    image_id      bigint not null references image on delete cascade,
    first_seen    timestamptz not null default now(),
    last_seen     timestamptz not null default now(),
    primary key (registry_id, repository, image_id)
);
create index image_place_image on image_place (image_id);

create table tag (
    registry_id   bigint not null references registry,
    repository    text not null,
    name          text not null,
    digest        text not null,
    moved_at      timestamptz not null default now(),
    deleted_at    timestamptz,
    primary key (registry_id, repository, name)
);
create index tag_digest on tag (digest);

create table tag_history (
    registry_id   bigint not null,
    repository    text not null,
    name          text not null,
    digest        text not null,
    from_at       timestamptz not null default now(),
    primary key (registry_id, repository, name, from_at)
);

-- A blob as stored in registries; diff_id is what we computed, never what a config claims.
create table layer (
    layer_id      bigint generated always as identity primary key,
    digest        text not null unique,
    media_type    text,
    bytes         bigint,
    diff_id       text,                       -- set when read
    inflated_bytes bigint,
    state         text not null default 'unread' check (state in ('unread', 'read', 'parked')),
    reader_version integer,
    reason        text,
    warnings      jsonb not null default '[]',
    lease_owner   text,                       -- who pulls or reads it now
    lease_until   timestamptz,
    stored        boolean not null default false, -- in the blob store
    read_at       timestamptz,
    first_seen    timestamptz not null default now()
);
create index layer_diff on layer (diff_id);

create table layer_place (                    -- confirmed by HEAD or by having pulled it there
    registry_id   bigint not null references registry,
    repository    text not null,
    layer_id      bigint not null references layer on delete cascade,
    confirmed_at  timestamptz not null default now(),
    primary key (registry_id, repository, layer_id)
);

create table image_layer (
    image_id      bigint not null references image on delete cascade,
    position      integer not null,           -- 0 = bottom
    layer_id      bigint not null references layer,
    diff_id_claimed text,
    chain_id      text,                       -- of layers 0..position
    primary key (image_id, position)
);
create index image_layer_layer on image_layer (layer_id);
create index image_layer_chain on image_layer (chain_id);

-- A package as a layer states it, without context. Stored once.
create table component (
    component_id  bigint generated always as identity primary key,
    type          text not null,
    name          text not null,
    version       text not null,
    arch          text not null default '',
    source_name   text not null default '',
    source_version text not null default '',
    module        text not null default '',
    vendor        text not null default '',
    unique (type, name, version, arch, source_name, source_version, module, vendor)
);
create index component_name on component (type, name);
create index component_source on component (type, source_name) where source_name <> '';

-- What one source in one layer says: immutable.
create table evidence_set (
    evidence_id   bigint generated always as identity primary key,
    diff_id       text not null,
    reader_version integer not null,
    source        text not null,              -- 'dpkg:var/lib/dpkg/status', 'files'
    components    integer[] not null,         -- sorted component ids
    unique (diff_id, reader_version, source)
);
create index evidence_set_components on evidence_set using gin (components);

create table evidence_blob (                  -- zstd: paths, ownership lists, os-release, whiteouts
    diff_id       text not null,
    reader_version integer not null,
    data          bytea not null,
    primary key (diff_id, reader_version)
);

create table context (
    context_id    bigint generated always as identity primary key,
    distro        text not null default '',
    release       text not null default '',   -- codename for Debian and Ubuntu, version else
    stream        text not null default '',
    content_set   text not null default '',
    unique (distro, release, stream, content_set)
);
insert into context default values;           -- the empty context of language packages

create table judged_component (
    judged_id     bigint generated always as identity primary key,
    component_id  bigint not null references component,
    context_id    bigint not null references context,
    matched_revision bigint,                  -- null: never matched
    coverage      text not null default 'unknown' check (coverage in ('covered', 'partial', 'pending', 'unknown')),
    unique (component_id, context_id)
);
create index judged_component_context on judged_component (context_id);

-- An image's composition: visible sets, hidden single files, and its OS context.
create table image_evidence (
    image_id      bigint primary key references image on delete cascade,
    reader_version integer not null,
    context_id    bigint not null references context,
    visible       bigint[] not null,          -- evidence ids
    hidden        integer[] not null default '{}', -- component ids upper layers hide
    composed_at   timestamptz not null default now()
);
create index image_evidence_visible on image_evidence using gin (visible);

-- The packages of an image with where they lie; derived, rebuilt by composing.
create table image_package (
    image_id      bigint not null references image on delete cascade,
    judged_id     bigint not null references judged_component,
    tier          text not null check (tier in ('os', 'stack', 'application')),
    layer         integer not null,           -- position of the layer that brought this version
    paths         text[] not null default '{}',
    owner         text,                       -- purl of the OS package that owns it
    reader        text,
    primary key (image_id, judged_id, tier, layer)
);
create index image_package_judged on image_package (judged_id);
