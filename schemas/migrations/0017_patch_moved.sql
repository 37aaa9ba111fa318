-- Until 0016 TAG-resole was set when a patch was pushed, and no row said so: a withdrawal would have left it
-- there, or gone past the patch that held before.
update patch set moved_at = created_at
where state in ('announced', 'superseded') and new_digest is not null and moved_at is null;
