-- a source of the table, as it comes; what an operator changed in its row stays
insert into source (source, format, address, enabled, covers, max_age_s) values ($1, $2, nullif($3, ''), $4, $5, $6)
on conflict (source) do nothing
