-- A company of $images images: 40 operating system bases (2 layers, 90 packages), 400 stacks on them (2 more
-- layers, 60 packages), 5,000 applications of 5 teams in ten, every image 6 more layers: one of dependencies
-- (60 language packages, the same for four versions of the application), five of its own files. Bases and
-- stacks are managed images, and each stack has an announced patch.
create function pg_temp.sha(text) returns text language sql immutable as $$ select 'sha256:' || encode(sha256($1::bytea), 'hex') $$;

insert into registry (name, address) values ('scale', 'registry.invalid');
insert into team (team) select 'team-' || n from generate_series(1, 500) n;
insert into application (application, team) select 'app-' || n, 'team-' || (1 + n % 500) from generate_series(1, 5000) n;
insert into application_repository (application, registry_id, repository)
select 'app-' || n, registry_id, 'apps/app-' || n from generate_series(1, 5000) n, registry where name = 'scale';
insert into context (distro, release) select 'debian', unnest('{bullseye,bookworm,trixie}'::text[]) on conflict do nothing;

-- 600 Debian packages, 8 versions each; 20,000 language packages of 5 versions.
insert into component (type, name, version, arch, source_name, source_version)
select 'deb', 'package' || n, '1.' || v || '-1', 'amd64', 'package' || n, '1.' || v || '-1'
from generate_series(1, 600) n, generate_series(0, 7) v;
insert into component (type, name, version)
select (array ['npm', 'pypi', 'maven'])[1 + n % 3], 'library' || n, '2.' || v || '.0'
from generate_series(1, 20000) n, generate_series(0, 4) v;
insert into judged_component (component_id, context_id, matched_revision, coverage)
select c.component_id, x.context_id, 1, 'covered' from component c join context x on (c.type = 'deb') = (x.distro = 'debian');

-- Layers: name, diff_id and the packages its database states.
create temp table node as
select 'base' || b as name, b % 3 as release, array(select c.component_id from component c where c.type = 'deb'
    and substr(c.name, 8)::int <= 90 and split_part(split_part(c.version, '.', 2), '-', 1)::int = b % 8) as packages,
    'os' as tier, 0 as layer
from generate_series(0, 39) b
union all
select 'stack' || s, (s % 40) % 3, array(select c.component_id from component c where c.type = 'deb'
    and substr(c.name, 8)::int between 91 + s % 400 and 150 + s % 400 and split_part(split_part(c.version, '.', 2), '-', 1)::int = s % 8),
    'stack', 2
from generate_series(0, 399) s
union all
select 'deps' || a || '-' || v, -1, array(select c.component_id from generate_series(0, 59) k
    join component c on c.type = (array ['npm', 'pypi', 'maven'])[1 + (1 + (a * 37 + k * 101) % 20000) % 3]
        and c.name = 'library' || (1 + (a * 37 + k * 101) % 20000) and c.version = '2.' || ((v + k) % 5) || '.0'),
    'application', 4
from generate_series(1, 5000) a, generate_series(0, (:images / 5000 - 1) / 4) v;

insert into evidence_set (diff_id, reader_version, source, components)
select pg_temp.sha('diff ' || name), 1, case when release >= 0 then 'dpkg:var/lib/dpkg/status' else 'files' end,
    array(select unnest(packages) order by 1)::integer[]
from node;
insert into package_group (digest, layer) select sha256(name::bytea), layer from node;
-- As composing writes them: one group after the other, its packages by number.
insert into package_entry (group_id, judged_id, tier, paths, reader)
select g.group_id, j.judged_id, n.tier, array [case when n.release >= 0 then 'var/lib/dpkg/status'
    else 'usr/src/app/lib/' || c.name || '/METADATA' end], 'dpkg'
from node n join package_group g on g.digest = sha256(n.name::bytea)
cross join unnest(n.packages) as p (component_id) join component c using (component_id)
join judged_component j on j.component_id = c.component_id
join context x on x.context_id = j.context_id
    and x.release = case when n.release >= 0 then (array ['bullseye', 'bookworm', 'trixie'])[1 + n.release] else '' end
order by g.group_id, j.judged_id;

-- Layers and images.
insert into layer (digest, diff_id, bytes, state, reader_version, media_type)
select pg_temp.sha('blob ' || name), sha256(('diff ' || name)::bytea), 30000000, 'read', 1, 'application/vnd.oci.image.layer.v1.tar+gzip'
from (select name || '/' || p as name from node, generate_series(0, 1) p where release >= 0
      union all select name || '/0' from node where release < 0
      union all select 'own' || i || '/' || p from generate_series(1, :images) i, generate_series(5, 9) p) as l;
insert into image (digest, kind, media_type, config_digest, os, architecture, chain_id, bytes, state, os_id, os_version, os_codename, complete, matched_revision)
select pg_temp.sha('image ' || i), 'image', 'application/vnd.oci.image.manifest.v1+json', pg_temp.sha('config ' || i), 'linux', 'amd64',
    sha256(('chain own' || i || '/9')::bytea), 180000000, 'matched', 'debian', '12', 'bookworm', true, 1
from generate_series(1, :images) i;
create temp table made as
select i.image_id, n, 1 + n % 5000 as app, (n / 5000) / 4 as deps, (1 + n % 5000) % 400 as stack, ((1 + n % 5000) % 400) % 40 as base
from (select image_id, row_number() over (order by image_id) as n from image) as i;
insert into image_layer (image_id, position, layer_id, diff_id_claimed, chain_id)
select m.image_id, p, l.layer_id, l.diff_id, sha256(('chain ' || x.name)::bytea)
from made m cross join generate_series(0, 9) p
cross join lateral (select case when p < 2 then 'base' || base || '/' || p when p < 4 then 'stack' || stack || '/' || p - 2
    when p = 4 then 'deps' || app || '-' || deps || '/0' else 'own' || n || '/' || p end as name) as x
join layer l on l.digest = pg_temp.sha('blob ' || x.name);
-- The bases and the stacks are images too, and managed; each stack has a patch that was announced.
insert into image (digest, kind, media_type, config_digest, os, architecture, chain_id, bytes, state, os_id, os_version, os_codename, complete, matched_revision)
select pg_temp.sha('image ' || name), 'image', 'application/vnd.oci.image.manifest.v1+json', pg_temp.sha('config ' || name), 'linux', 'amd64',
    sha256(('chain ' || name || '/1')::bytea), 60000000, 'matched', 'debian', '12', 'bookworm', true, 1
from node where release >= 0;
insert into image_layer (image_id, position, layer_id, diff_id_claimed, chain_id)
select i.image_id, p, l.layer_id, l.diff_id, sha256(('chain ' || x.name)::bytea)
from node n join image i on i.digest = pg_temp.sha('image ' || n.name)
cross join generate_series(0, n.layer + 1) p
cross join lateral (select case when n.tier = 'os' or p >= 2 then n.name else 'base' || substr(n.name, 6)::int % 40 end || '/' || p % 2 as name) as x
join layer l on l.digest = pg_temp.sha('blob ' || x.name)
where n.release >= 0;
insert into tag (registry_id, repository, name, digest)
select registry_id, 'bases/' || n.name, '1', pg_temp.sha('image ' || n.name) from node n, registry r where r.name = 'scale' and n.release >= 0;
insert into managed_image (registry_id, repository, tag, kind, policy, rebase_policy)
select registry_id, 'bases/' || n.name, '1', n.tier, 'auto', 'auto' from node n, registry r where r.name = 'scale' and n.release >= 0;
insert into patch (managed_id, old_digest, new_digest, state, plan_digest)
select m.managed_id, t.digest, pg_temp.sha('patched ' || t.repository), 'announced', 'plan'
from managed_image m join tag t using (registry_id, repository) where m.kind = 'stack';
insert into image_place (registry_id, repository, image_id)
select registry_id, 'apps/app-' || app, image_id from made, registry where name = 'scale';
insert into tag (registry_id, repository, name, digest)
select registry_id, 'apps/app-' || app, 'v' || n, i.digest from made join image i using (image_id), registry r where r.name = 'scale';
insert into layer_place (registry_id, repository, layer_id)
select distinct registry_id, 'apps/app-' || app, l.layer_id from made join image_layer l using (image_id), registry r where r.name = 'scale';
insert into image_evidence (image_id, reader_version, context_id, visible)
select m.image_id, 1, x.context_id, array(select evidence_id from evidence_set e
    where e.diff_id in (pg_temp.sha('diff base' || base), pg_temp.sha('diff stack' || stack), pg_temp.sha('diff deps' || app || '-' || deps)) order by 1)
from made m join context x on x.distro = 'debian' and x.release = (array ['bullseye', 'bookworm', 'trixie'])[1 + base % 3];
insert into image_group (image_id, group_id)
select m.image_id, g.group_id from made m join package_group g
    on g.digest in (sha256(('base' || base)::bytea), sha256(('stack' || stack)::bytea), sha256(('deps' || app || '-' || deps)::bytea));
-- A cluster runs the newest image of each application.
insert into usage (application, environment, place, digest)
select 'app-' || app, 'production', 'cluster-1', digest
from (select distinct on (app) app, image_id from made order by app, n desc) as m join image using (image_id);

-- Two findings on every fifth component.
insert into finding (judged_id, vulnerability, family, state, fixed_version, severity, sources, revision)
select judged_id, v, v, 'fixed', '9', 'high', '{scale}', 1
from judged_component, lateral (values ('CVE-2020-' || 1000 + judged_id % 9000), ('CVE-2021-' || 1000 + judged_id % 9000)) as f (v)
where judged_id % 5 = 0;
insert into finding_history (finding_id, what, state, fixed_version, severity, revision)
select finding_id, 'appeared', state, fixed_version, severity, 1 from finding;
insert into image_counter (image_id, packages, critical, high, medium, low, unknown, fixable, verdict, revision, counted_at)
select image_id, 210, 0, 84, 0, 0, 0, 84, 'affected', 1, '2020-01-01' from image;
insert into package_name (type, name, revision) select distinct type, name, 1 from component on conflict do nothing;

-- A week of messages that are done (retention keeps them that long), a fifth of the images' worth.
insert into task (consumer, ce_source, ce_id, topic, state, message_key, starts, received_at, changed_at, sent_at, started_at)
select w, 'scale', w || i, t, 'done', pg_temp.sha('image ' || i), 1, at, at, at, at
from (values ('fetcher', 'image.pushed'), ('unpacker', 'layer.fetched'), ('matcher', 'image.unpacked'), ('notifier', 'image.matched')) as s (w, t),
    generate_series(1, :images / 5) i, lateral (select now() - i * interval '7 days' / :images * 5 as at) as x;
