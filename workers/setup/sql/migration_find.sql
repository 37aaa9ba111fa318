select checksum from schema_migration where version = $1
