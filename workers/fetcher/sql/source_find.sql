select format, coalesce(address, ''), coalesce(etag, ''), coalesce(digest, ''), enabled
from source
where source = $1
