-- layer.fetched was put out for this layer, so that images sharing it make it be told once. In bulk
-- only: a push that waits for it tells it again, as interactive.
alter table layer add column told_at timestamptz;
alter table layer add column told_in_bulk boolean not null default false;
-- What is stored and unread was told by whoever stored it.
update layer set told_at = now() where state = 'unread' and stored;
-- Who looks for layers that nobody pulls any more.
create index layer_unread on layer (layer_id) where state = 'unread';
