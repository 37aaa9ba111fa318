-- the findings of these components become exactly what was found; only rows that differ are written
with want as (
    select * from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
        as w (judged_id, vulnerability, state, fixed_version, severity, sources, assertions, aliases, rule)
), put as (
    insert into finding (judged_id, vulnerability, family, state, fixed_version, severity, sources, assertions, aliases, rule, revision)
    select judged_id, vulnerability, vulnerability, state, nullif(fixed_version, ''), severity, sources::text[], assertions::bigint[], aliases::text[],
           rule, $11
    from want
    order by judged_id, vulnerability
    on conflict (judged_id, vulnerability) do update
    set state = excluded.state, fixed_version = excluded.fixed_version, severity = excluded.severity, sources = excluded.sources,
        assertions = excluded.assertions, aliases = excluded.aliases, rule = excluded.rule, revision = excluded.revision, changed_at = now(),
        retracted_at = null
    where (finding.state, finding.fixed_version, finding.severity, finding.sources, finding.assertions, finding.aliases, finding.retracted_at)
          is distinct from
          (excluded.state, excluded.fixed_version, excluded.severity, excluded.sources, excluded.assertions, excluded.aliases, null::timestamptz)
    returning finding_id, state, fixed_version, severity,
              case when first_seen = now() then 'appeared' when xmax = 0 then 'appeared' else 'changed' end as what
), gone as (
    update finding f set retracted_at = now(), changed_at = now(), revision = $11
    where f.judged_id = any ($1::bigint[]) and f.retracted_at is null
      and not exists (select from want w where w.judged_id = f.judged_id and w.vulnerability = f.vulnerability)
    returning f.finding_id, f.state, f.fixed_version, f.severity, 'retracted' as what
), history as (
    insert into finding_history (finding_id, what, state, fixed_version, severity, revision)
    select finding_id, what, state, fixed_version, severity, $11 from (select * from put union all select * from gone) both_
    on conflict do nothing
)
select finding_id from (select * from put union all select * from gone) changed order by finding_id
