select source_name, source_version, blob from changelog where source = $1 and state = 'fetched' order by 1, 2 limit 200 for update skip locked
