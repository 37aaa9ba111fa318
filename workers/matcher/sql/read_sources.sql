select s.source, s.state, coalesce(extract(epoch from s.as_of)::bigint, 0),
       coalesce(s.as_of < now() - make_interval(secs => s.max_age_s), false), s.revision
from source s
where s.enabled
order by s.source
