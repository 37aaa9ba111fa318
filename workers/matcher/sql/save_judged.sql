update judged_component j set matched_revision = $3, coverage = w.coverage
from unnest($1::bigint[], $2::text[]) as w (judged_id, coverage)
where j.judged_id = w.judged_id and (j.matched_revision, j.coverage) is distinct from ($3, w.coverage)
