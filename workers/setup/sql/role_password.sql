-- Seen by schemas/roles.sql in the same transaction.
select set_config('resole.role_password', $1, true)
