-- A config that claims another diff_id than the layer's bytes have.
update image i
set state = 'parked', changed_at = now(),
    reason = format('layer %s: its diff_id is %s, but the image''s config claims %s', $1::text, $2::text,
                    digest_text(il.diff_id_claimed))
from image_layer il join layer l using (layer_id)
where il.image_id = i.image_id and l.digest = $1 and il.diff_id_claimed <> digest_bytes($2) and i.state <> 'recorded'
returning i.digest
