-- A package repository is as old as the last look at it: its publisher may rest, and says itself until when
-- it is valid.
select s.source, s.state, coalesce(extract(epoch from s.as_of)::bigint, 0),
       coalesce(case when s.format = 'apt-index' then greatest(s.fetched_at, s.loaded_at) else s.as_of end
                < now() - make_interval(secs => s.max_age_s), false), s.revision
from source s
where s.enabled
order by s.source
