update changelog
set state = case when $3::text is null then 'failed' else 'fetched' end, blob = $3, reason = $4,
    changed_at = now()
where source_name = $1 and source_version = $2
