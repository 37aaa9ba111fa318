-- One role per worker, least rights: everybody reads facts, each writes its own tables; secrets are
-- read by those who use them. Run by resole-setup after every migration, as often as you like.
-- A worker that needs another table gets it here, with the reason in the commit.

create function pg_temp.give(worker text, rights text, variadic names text[]) returns void language plpgsql as $$
declare
    name text;
begin
    foreach name in array names loop
        execute format('grant %s on %I to %I', rights, name, 'resole_' || worker);
    end loop;
end $$;

do $$
declare
    worker text;
    role text;
    password text := coalesce(current_setting('resole.role_password', true), '');
begin
    foreach worker in array array['gateway', 'fetcher', 'unpacker', 'matcher', 'patch_builder', 'notifier', 'janitor'] loop
        role := 'resole_' || worker;
        if not exists (select from pg_roles where rolname = role) then
            execute format('create role %I login', role);
        end if;
        if password <> '' then
            execute format('alter role %I password %L', role, password);
        end if;
        execute format('revoke all on all tables in schema public from %I', role);
        execute format('grant usage on schema public to %I', role);
        execute format('grant usage on all sequences in schema public to %I', role);
        -- facts are for all to read, secrets are not
        execute format('grant select on all tables in schema public to %I', role);
        execute format('revoke select on token, registry, subscription, outbox from %I', role);
        -- the skeleton's own
        perform pg_temp.give(worker, 'select, insert, update', 'task', 'run', 'run_step', 'counter');
        perform pg_temp.give(worker, 'select, insert, update, delete', 'outbox', 'blob_lease');
    end loop;
    -- a registry's address is for all, its secrets for those who call it
    foreach worker in array array['unpacker', 'matcher', 'notifier'] loop
        execute format('grant select (registry_id, name, kind, address, plain_http, private_ok, realm_hosts, created_at) on registry to %I',
                       'resole_' || worker);
    end loop;
end $$;

select pg_temp.give('gateway', 'select, insert, update, delete', 'registry', 'managed_image', 'team', 'application',
                    'application_repository', 'usage', 'consent', 'token', 'subscription', 'source', 'repository', 'schedule');
select pg_temp.give('gateway', 'insert, update', 'patch', 'alert', 'tag', 'image_exception');

select pg_temp.give('fetcher', 'select', 'registry');
select pg_temp.give('fetcher', 'select, insert, update, delete', 'image', 'index_member', 'image_place', 'tag', 'tag_history', 'layer',
                    'layer_place', 'image_layer', 'source', 'repository', 'changelog');
select pg_temp.give('fetcher', 'select, insert, update', 'usage', 'managed_image');

select pg_temp.give('unpacker', 'select, insert, update, delete', 'layer', 'image', 'component', 'evidence_set', 'evidence_blob', 'context',
                    'judged_component', 'image_evidence', 'package_group', 'package_entry', 'image_group', 'image_layer', 'image_counter');

select pg_temp.give('matcher', 'select, insert, update, delete', 'source', 'repository', 'package_name', 'assertion', 'vulnerability', 'finding',
                    'finding_history', 'image_exception', 'image_counter', 'judged_component', 'component', 'context', 'image',
                    'image_evidence', 'package_group', 'package_entry', 'image_group', 'source_context', 'changelog');

select pg_temp.give('patch_builder', 'select', 'registry');
select pg_temp.give('patch_builder', 'select, insert, update, delete', 'patch', 'patch_member', 'consent', 'image', 'image_layer', 'layer',
                    'image_place', 'layer_place', 'tag', 'tag_history', 'index_member', 'managed_image',
                    'patch_claim', 'patch_number');

select pg_temp.give('notifier', 'select', 'subscription');
select pg_temp.give('notifier', 'select, insert, update, delete', 'fact', 'alert', 'usage', 'consent', 'application', 'team', 'channel_breaker', 'summary_told',
                    'application_repository');
select pg_temp.give('notifier', 'update', 'patch', 'subscription');

select pg_temp.give('janitor', 'select', 'registry', 'subscription');
select pg_temp.give('janitor', 'update, delete', 'package_group');
select pg_temp.give('janitor', 'select, insert, update, delete', 'task', 'schedule', 'counter', 'run', 'run_step', 'layer', 'image', 'source',
                    'repository', 'consent', 'alert', 'patch', 'managed_image', 'tag', 'finding_history',
                    'repair', 'fact', 'blob_lease');

-- tables made later: readable, until this file says more
drop function pg_temp.give(text, text, text[]);
