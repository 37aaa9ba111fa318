insert into schema_migration (version, name, checksum, least) values ($1, $2, $3, $4)
