select state, coalesce(reader_version, 0), coalesce(digest_text(diff_id), ''), coalesce(reason, '')
from layer where digest = $1
