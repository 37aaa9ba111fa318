-- Half of the database were digests of layers spelled out in hexadecimal, and indices that nothing
-- read. A chain and a diff_id are 32 bytes now; what people see stays "sha256:…".
create function digest_bytes(text) returns bytea language sql immutable strict parallel safe
as $$ select decode(substr($1, 8), 'hex') $$;
create function digest_text(bytea) returns text language sql immutable strict parallel safe
as $$ select 'sha256:' || encode($1, 'hex') $$;

-- The views over these columns are put back as they stood, whoever wrote them last.
create temporary table view_text on commit drop as
select n, name, pg_get_viewdef(name::regclass) as definition
from (values (1, 'application_base'), (2, 'patch_application')) as v (n, name);
drop view patch_application;
drop view application_base;

drop index layer_diff;
-- A group's packages are written once, by whoever made the group, each once: the key that said so again
-- was the largest index of all.
alter table package_entry drop constraint package_entry_pkey;
create index package_entry_group on package_entry (group_id);
alter table image_layer
    alter column diff_id_claimed type bytea using digest_bytes(diff_id_claimed),
    alter column chain_id type bytea using digest_bytes(chain_id);
alter table layer alter column diff_id type bytea using digest_bytes(diff_id);
alter table image alter column chain_id type bytea using digest_bytes(chain_id);

do $$
declare
    v record;
begin
    for v in select * from pg_temp.view_text order by n loop
        execute format('create view %I as %s', v.name, v.definition);
    end loop;
end $$;
