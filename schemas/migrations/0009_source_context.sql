-- What a source really speaks of: a feed that names only some releases says nothing of the others,
-- so packages there are unknown, not clean.
create table source_context (
    source        text not null references source on delete cascade,
    type          text not null,              -- package type
    distro        text not null default '',
    release       text not null default '',
    primary key (source, type, distro, release)
);
