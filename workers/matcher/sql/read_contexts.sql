select distinct c.source, c.type, c.distro, c.release from source_context c order by 1, 2, 3, 4
