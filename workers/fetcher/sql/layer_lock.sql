-- Sorted, so that two who lock the same layers cannot wait for each other (architecture.md 3.4).
select layer_id, digest, state, digest_text(diff_id), reason, told_at is not null and ($2 or not told_in_bulk)
from layer
where digest = any ($1)
order by layer_id
for update
