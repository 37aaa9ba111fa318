-- $1 patch: whoever was told of it, with what was made of it, and what holds again.
select f.fact_id, f.application, coalesce(a.team, m.team, ''), 'medium',
    'patch ' || p.patch_id || ' of ' || m.repository || ':' || m.tag || ' is withdrawn'
        || coalesce('; ' || f.application || ' stands on it as ' || c.reference, ''),
    jsonb_build_object('patch', p.patch_id, 'image', r.name || '/' || m.repository || ':' || m.tag,
        'old_digest', p.old_digest, 'new_digest', p.new_digest, 'reference', p.reference, 'reason', p.reason,
        'holds_again', coalesce(was.reference, r.address || '/' || m.repository || '@' || p.old_digest),
        'rebased', c.reference)::text,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), p.patch_id
from patch p join managed_image m using (managed_id) join registry r using (registry_id)
join fact f on f.kind = 'patch' and f.family in ('patch:' || p.patch_id, 'patch:' || p.patch_id || ':proposal')
left join application a on a.application = f.application
left join lateral (select reference from consent where patch_id = p.patch_id and application = f.application and state = 'applied'
    order by decided_at desc limit 1) as c on true
left join lateral (select reference from patch q where q.managed_id = p.managed_id and q.patch_id < p.patch_id
    and q.old_digest = p.old_digest and q.state in ('superseded', 'announced') and q.moved_at is not null
    order by q.patch_id desc limit 1) as was on true
where p.patch_id = $1 and p.state = 'withdrawn'
order by f.application, f.fact_id
