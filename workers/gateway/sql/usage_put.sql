-- $1 application $2 environment $3 place $4 digest $5 seen $6 by. The time is clamped by our clock;
-- a row seen minutes ago is not written again. Column 1: is it new?
insert into usage (application, environment, place, digest, since, last_seen, reported_by)
select $1, $2, $3, $4, t, t, $6
from (select least(greatest($5::timestamptz, now() - interval '7 days'), now()) as t) as clamped
on conflict (application, environment, place, digest) do update
    set last_seen = excluded.last_seen, reported_by = excluded.reported_by
    where usage.last_seen < excluded.last_seen - interval '5 minutes'
returning (xmax = 0)
