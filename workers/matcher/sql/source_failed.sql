-- Old data stay; scans say that the source has failed.
update source
set state = case when loaded_at is null then 'never-loaded' else 'failed' end, reason = $2,
    etag = null, digest = 'refused' -- what was fetched is not what is loaded: the fetcher tells of it anew
where source = $1
