select e.evidence_id
from unnest($1::text[], $2::bigint[], $3::text[]) as t (diff_id, reader_version, source)
join evidence_set e on e.diff_id = t.diff_id and e.reader_version = t.reader_version and e.source = t.source
order by e.evidence_id
