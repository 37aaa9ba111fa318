-- Whoever marks a layer read holds its row (architecture.md 3.4).
select layer_id, state, coalesce(reader_version, 0) from layer where digest = $1 for update
