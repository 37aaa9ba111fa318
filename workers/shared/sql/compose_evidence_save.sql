insert into image_evidence (image_id, reader_version, context_id, visible, hidden)
values ($1, $2, $3, $4, $5::bigint[]::integer[])
on conflict (image_id) do update
set reader_version = excluded.reader_version, context_id = excluded.context_id, visible = excluded.visible,
    hidden = excluded.hidden, composed_at = now()
where (image_evidence.reader_version, image_evidence.context_id, image_evidence.visible, image_evidence.hidden)
      is distinct from (excluded.reader_version, excluded.context_id, excluded.visible, excluded.hidden)
