-- The layer is read now: images that hold it wait for one less; who waits for none is unpacked.
update image i
set pending = left_over.unread,
    state = case when left_over.unread = 0 then 'unpacked' else 'unpacking' end,
    reason = null,
    changed_at = now()
from (select il.image_id,
             count(distinct l.layer_id) filter (where l.state <> 'read') as unread,
             count(*) filter (where l.state = 'parked') as parked,
             count(*) filter (where l.state = 'read' and il.diff_id_claimed <> l.diff_id) as refused
      from image_layer il join layer l using (layer_id)
      where il.image_id in (select image_id from image_layer join layer using (layer_id) where digest = $1)
      group by il.image_id) as left_over
where left_over.image_id = i.image_id and left_over.parked = 0 and left_over.refused = 0
  and i.state in ('fetching', 'unpacking', 'parked')
returning i.digest, i.pending
