-- Who builds what, the numbers of TAG-resole.N, consent to a patch itself, platforms of an index.

-- One row a thing that is worked at; whoever holds it names its database session, and the claim ends
-- with that session: a killed builder's work is free at once, a sleeping one's is fenced.
create table patch_claim (
    what          text primary key,           -- managed:ID, rebase:REGISTRY/REPOSITORY
    subject       text not null default '',   -- what `starts` counts for: a digest, a consent
    session       integer,                    -- backend pid
    session_at    timestamptz,                -- its backend_start
    claimed_at    timestamptz,
    starts        integer not null default 0, -- begun and not ended
    tries         integer not null default 0, -- ended in trouble, in a row
    charged       integer not null default 0, -- of these: cause unknown
    next_at       timestamptz not null default now(),
    reason        text,
    looked_digest text,                       -- the content that was planned last, and when
    looked_at     timestamptz,
    fixable       text,                       -- over the findings that packages would fix
    wanted_at     timestamptz                 -- somebody has a reason to plan again
);

create table patch_number (
    registry_id   bigint not null references registry on delete cascade,
    repository    text not null,
    tag           text not null,
    number        integer not null,
    digest        text not null,
    created_at    timestamptz not null default now(),
    primary key (registry_id, repository, tag, number),
    unique (registry_id, repository, tag, digest)
);

-- pushed → judged by the scan → proved (auto, or consented) → TAG-resole moved → announced;
-- under policy ask: proposed until someone decides.
alter table patch drop constraint patch_state_check;
alter table patch add constraint patch_state_check check (state in ('planned', 'refused', 'built', 'pushed', 'proposed', 'proved',
    'announced', 'not-better', 'declined', 'expired', 'withdrawn', 'superseded'));
alter table patch add column expires_at timestamptz;    -- of the proposal
alter table patch add column decided_by text;
alter table patch add column decided_at timestamptz;
alter table patch add column moved_at timestamptz;      -- TAG-resole was (about to be) set to it
alter table patch add column moved_back_at timestamptz; -- after a withdrawal

alter table patch_member add column state text not null default 'patched' check (state in ('patched', 'unchanged', 'refused'));
alter table patch_member add column rule text;
alter table patch_member add column reason text;
alter table patch_member add column packages jsonb not null default '[]';
alter table patch_member add column bytes bigint;

-- What packages could fix in an image, or in the images of an index; null: nothing.
create function fixable_findings(top text) returns text language sql stable as $$
    select md5(string_agg(distinct f.finding_id || ' ' || coalesce(f.fixed_version, ''), ','))
    from image i
    join image_package ip using (image_id)
    join finding f on f.judged_id = ip.judged_id and f.retracted_at is null and f.state = 'fixed'
    join judged_component jc on jc.judged_id = ip.judged_id
    join component c on c.component_id = jc.component_id and c.type in ('deb', 'apk', 'rpm')
    where (i.digest = top or i.digest in (
            select im.digest from index_member im join image x on x.image_id = im.index_id where x.digest = top))
        and not exists (select from image_exception e where e.image_id = i.image_id and e.finding_id = f.finding_id)
$$;

-- Applications that a patch concerns: their images begin with an old base of it and not with its new one.
create view patch_application as
with pair as (
    select patch_id, old_digest, new_digest from patch_member where new_digest <> old_digest
    union all
    select patch_id, old_digest, new_digest from patch p
    where new_digest is not null and not exists (select from patch_member m where m.patch_id = p.patch_id)
)
select pair.patch_id, b.application, b.team, b.top, b.digest, b.image_id, pair.old_digest as base_digest, pair.new_digest
from pair join application_base b on b.base_digest = pair.old_digest
where not exists (select from image_layer l join image n on n.chain_id = l.chain_id
    where l.image_id = b.image_id and n.digest = pair.new_digest);

alter table patch drop column tried_revision; -- patch_claim knows what was looked at
