select l.media_type, l.bytes, (select digest_text(il.diff_id_claimed) from image_layer il where il.layer_id = l.layer_id limit 1)
from layer l where l.digest = $1
