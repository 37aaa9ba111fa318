select l.source_name, l.source_version, l.source, l.claims::text
from changelog l
where l.state = 'read' and l.source_name = any ($1::text[])
order by 1, 2
