-- Changelogs of candidate packages: the CVE ids that an update claims (architecture.md 7). Asked for
-- by the matcher, fetched as the smallest binary package of that source version, read confined.
create table changelog (
    source_name   text not null,
    source_version text not null,
    source        text not null references source, -- 'apt:bookworm'
    address       text not null,              -- of the repository, as its row says
    path          text not null,              -- "pool/main/o/openssl/libssl3_….deb"
    sha256        text not null,              -- hex, from the verified index
    bytes         bigint not null,
    state         text not null default 'wanted' check (state in ('wanted', 'fetched', 'read', 'failed')),
    blob          text,
    reason        text,
    claims        jsonb not null default '[]',
    changed_at    timestamptz not null default now(),
    primary key (source_name, source_version)
);
create index changelog_open on changelog (source, state) where state in ('wanted', 'fetched');
