-- Findings worst first, page by page: the key of /v1/findings in an index, so that a page of all of them
-- reads a page.
create function finding_key(severity text, finding_id bigint) returns text language sql immutable parallel safe as $$
    select case severity when 'critical' then '0' when 'high' then '1' when 'medium' then '2' when 'low' then '3'
        when 'negligible' then '5' else '4' end || '|' || lpad(finding_id::text, 18, '0')
$$;
create index finding_worst on finding (finding_key(severity, finding_id)) where retracted_at is null;
