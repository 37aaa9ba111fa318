-- what is said of vulnerabilities, whatever package: their own table, where only what differs is written. A source
-- that no longer says a thing (the catalogue of exploited ones) takes it back.
with fact as (
    select distinct on (vulnerability) vulnerability, cvss, title, published_at,
           (record->>'epss')::real as epss, (record->>'percentile')::real as percentile,
           (to_timestamp((record->>'kev')::bigint) at time zone 'UTC')::date as kev_since
    from import_staging
    where type = 'cve'
    order by vulnerability, key
), gone as (
    update vulnerability v set kev_since = null
    where $1 = 'kev' and v.kev_since is not null
    and v.vulnerability not in (select vulnerability from import_staging where type = 'cve')
)
insert into vulnerability as v (vulnerability, family, cvss, title, published_at, epss, epss_percentile, kev_since)
select vulnerability, vulnerability, cvss, title, published_at, epss, percentile, kev_since
from fact
order by vulnerability collate "C"
on conflict (vulnerability) do update
set cvss = coalesce(excluded.cvss, v.cvss), title = coalesce(v.title, excluded.title),
    published_at = coalesce(v.published_at, excluded.published_at), epss = coalesce(excluded.epss, v.epss),
    epss_percentile = coalesce(excluded.epss_percentile, v.epss_percentile), kev_since = coalesce(excluded.kev_since, v.kev_since)
where (coalesce(excluded.cvss, v.cvss), coalesce(v.title, excluded.title), coalesce(v.published_at, excluded.published_at),
       coalesce(excluded.epss, v.epss), coalesce(excluded.epss_percentile, v.epss_percentile), coalesce(excluded.kev_since, v.kev_since))
      is distinct from (v.cvss, v.title, v.published_at, v.epss, v.epss_percentile, v.kev_since)
