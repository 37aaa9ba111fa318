insert into evidence_blob (diff_id, reader_version, data) values ($1, $2, $3)
on conflict (diff_id, reader_version) do nothing
