-- The packages that one layer contributes to an image, stored once however many images stand on that
-- layer: image_package had a row per image and package, twenty million at 100,000 images.
create table package_group (
    group_id      bigint generated always as identity primary key,
    digest        bytea not null unique,       -- SHA-256 of its packages as composed, with their contexts
    layer         integer not null             -- position of the layer that brought these versions
);

create table package_entry (
    group_id      bigint not null references package_group on delete cascade,
    judged_id     bigint not null references judged_component,
    tier          text not null check (tier in ('os', 'stack', 'application')),
    paths         text[] not null default '{}',
    owner         text,                        -- purl of the OS package that owns it
    reader        text,
    primary key (group_id, judged_id, tier)
);
create index package_entry_judged on package_entry (judged_id);

create table image_group (
    image_id      bigint not null references image on delete cascade,
    group_id      bigint not null references package_group,
    primary key (image_id, group_id)
);
create index image_group_group on image_group (group_id);

-- What is known moves by the digest of its rows; composing an image anew names it by the code's digest.
create temporary table moved on commit drop as
select image_id, layer, sha256(convert_to(layer || string_agg(concat_ws('|', judged_id, tier, paths::text, owner, reader), ','
    order by judged_id, tier), 'utf8')) as digest
from image_package group by image_id, layer;
analyze moved;
insert into package_group (digest, layer) select distinct digest, layer from moved order by digest;
insert into package_entry (group_id, judged_id, tier, paths, owner, reader)
select g.group_id, p.judged_id, p.tier, p.paths, p.owner, p.reader
from package_group g
join (select distinct on (digest) digest, image_id from moved order by digest, image_id) as first using (digest)
join image_package p on p.image_id = first.image_id and p.layer = g.layer;
insert into image_group (image_id, group_id) select m.image_id, g.group_id from moved m join package_group g using (digest);

drop table image_package;
create view image_package as
select i.image_id, e.judged_id, e.tier, g.layer, e.paths, e.owner, e.reader
from image_group i join package_group g using (group_id) join package_entry e using (group_id);
