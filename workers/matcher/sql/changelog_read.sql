update changelog set state = case when $4::text is null then 'read' else 'failed' end, reason = $4, claims = coalesce($3::jsonb, '[]'), changed_at = now()
where source_name = $1 and source_version = $2
