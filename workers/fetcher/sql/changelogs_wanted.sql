select source_name, source_version, address, path, sha256, bytes
from changelog
where source = $1 and state = 'wanted'
order by source_name, source_version
limit 64
