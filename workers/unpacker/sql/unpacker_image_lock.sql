-- Before the count below, so that its snapshot is younger than any sibling's commit.
select image_id
from image
where state in ('fetching', 'unpacking', 'parked')
  and image_id in (select il.image_id from image_layer il join layer l using (layer_id) where l.digest = $1)
order by image_id
for update
