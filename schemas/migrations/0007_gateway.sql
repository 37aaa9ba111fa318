-- What the gateway and the notifier add: who stands on what, whole texts of alerts, delivery.

-- The images behind an application: what its usage reports (index, manifest or config digest) and
-- what its repositories' tags point at. `top` is the digest that people name: the index where
-- there is one, else the manifest.
create view application_image as
with reported as (
    select u.application, u.digest, 'usage' as via from usage u
    union
    select ar.application, t.digest, 'repository'
    from application_repository ar
    join tag t on t.registry_id = ar.registry_id and t.repository = ar.repository
        and t.deleted_at is null and t.name not like '%-resole%'
), named as (
    select r.application, r.via, i.image_id, i.digest, i.kind, i.digest as top
    from reported r join image i on i.digest = r.digest
    union
    select r.application, r.via, i.image_id, i.digest, i.kind, i.digest
    from reported r join image i on i.config_digest = r.digest
)
select distinct a.application, a.team, n.image_id, n.digest, n.top, n.via
from named n join application a using (application) where n.kind = 'image'
union
select distinct a.application, a.team, i.image_id, i.digest, n.top, n.via
from named n join application a using (application)
join index_member m on m.index_id = n.image_id
join image i on i.digest = m.digest and i.kind = 'image'
where n.kind = 'index';

-- The images that an application's images stand on: their layers begin with all of the base's.
create view application_base as
select distinct ai.application, ai.team, ai.image_id, ai.digest, ai.top, ai.via,
    b.image_id as base_id, b.digest as base_digest
from application_image ai
join image_layer l on l.image_id = ai.image_id
join image b on b.chain_id = l.chain_id and b.image_id <> ai.image_id and b.kind = 'image';

-- An alert is sent again byte for byte: json keeps the text, jsonb would not.
alter table alert alter column body type json using body::json;
alter table alert add column address text not null default '';
create index alert_state on alert (state, created_at);
create index alert_team on alert (team, created_at);
create index usage_application on usage (application);
create index fact_open on fact (application, kind, family) where closed_at is null;
create index run_started on run (run_id) where state in ('accepted', 'running');

-- The breaker of a destination: one row a host that failed, gone with the first success.
create table channel_breaker (
    host          text primary key,
    failures      integer not null default 0,
    open_until    timestamptz,
    reason        text
);

-- Findings that a team was told of in a summary: the source's first load, once.
create table summary_told (
    team          text not null,
    source        text not null,
    told_at       timestamptz not null default now(),
    primary key (team, source)
);
