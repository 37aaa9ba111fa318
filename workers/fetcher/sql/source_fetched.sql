update source
set fetched_at = now(), etag = $2, digest = coalesce($3, digest)
where source = $1
