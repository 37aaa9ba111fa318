-- $1 patch $2 team: what approving it now would do, application by application.
select json_build_object('patch', p.patch_id, 'state', p.state, 'class', p.class,
    'old_digest', p.old_digest, 'new_digest', p.new_digest, 'reference', p.reference,
    'packages', p.packages, 'fixed', p.fixed, 'remaining', p.remaining, 'bytes', p.bytes,
    'applications', coalesce((select json_agg(json_build_object('application', s.application,
            'team', s.team, 'digest', s.top, 'asked', c.state, 'expires_at', c.expires_at)
            order by s.application, s.top)
        from (select distinct b.application, b.team, b.top from applications_of_patch(p.patch_id) as b
            where ($2::text is null or b.team = $2)) as s
        left join consent c on c.patch_id = p.patch_id and c.application = s.application
            and c.old_digest = s.top), '[]'))::text
from patch p
where p.patch_id = $1
    and ($2::text is null or exists (select from applications_of_patch(p.patch_id) as b where b.team = $2))
