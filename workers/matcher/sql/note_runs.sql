-- Pushes of this image, or of an index over it, say that it is matched; who waits for no other member is done.
with noted as (
    insert into run_step (run_id, step, state, detail)
    select r.run_id, 'matched', 'done',
           format('%s packages: %s critical, %s high, %s medium, %s low, %s unknown; %s with a fix', n.packages, n.critical, n.high, n.medium, n.low,
                  n.unknown, n.fixable)
    from run r
    join image i on i.digest = r.digest or i.image_id in (select m.image_id from image x join index_member d on d.index_id = x.image_id
                                                          join image m on m.digest = d.digest where x.digest = r.digest)
    join image_counter n on n.image_id = i.image_id
    where i.digest = $1
    order by r.run_id
    on conflict (run_id, step) do update set state = excluded.state, detail = excluded.detail, at = now()
    returning run_id
)
update run r
set state = 'done', changed_at = now()
where r.run_id in (select run_id from noted) and r.state in ('accepted', 'running')
  and not exists (select from image x join index_member d on d.index_id = x.image_id join image m on m.digest = d.digest
                  where x.digest = r.digest and m.kind = 'image' and m.digest <> $1
                    and m.state not in ('matched', 'parked', 'recorded'))
