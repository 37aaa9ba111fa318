-- Up to which advisory revision of the old image a patch was tried.
alter table patch add column tried_revision bigint not null default 0;
