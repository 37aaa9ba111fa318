select coalesce(max(version), 0), coalesce(max(least), 0) from schema_migration
