-- What is known of these layers, and whether this repository was seen to hold them.
select l.digest, l.state, digest_text(l.diff_id), l.stored,
       exists (select from layer_place p
               where p.layer_id = l.layer_id and p.registry_id = $2 and p.repository = $3)
from layer l
where l.digest = any ($1)
order by l.digest
