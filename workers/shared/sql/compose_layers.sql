-- The newest evidence of each layer, lowest first; no row for an unread layer.
select il.position, b.data, coalesce(digest_text(il.chain_id), ''), b.reader_version
from image_layer il
join layer l using (layer_id)
left join lateral (select data, reader_version from evidence_blob e
                   where e.diff_id = digest_text(l.diff_id) order by reader_version desc limit 1) b on true
where il.image_id = $1
order by il.position
