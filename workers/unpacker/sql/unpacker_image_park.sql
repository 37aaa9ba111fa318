-- Images that wait for this layer say why.
update image i
set state = 'parked', reason = $2, changed_at = now()
where state in ('fetching', 'unpacking')
  and exists (select from image_layer il join layer l using (layer_id)
              where il.image_id = i.image_id and l.digest = $1)
returning digest
