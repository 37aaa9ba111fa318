# A private PostgreSQL cluster from Debian's package: on a socket below the state directory, no port.
# shellcheck shell=bash
PG_BIN=/usr/lib/postgresql/15/bin
PG_SOCKET=$STATE/postgres/socket
PG_PORT=5432 # names the socket only

postgres_answers() { "$PG_BIN/pg_isready" -q -h "$PG_SOCKET" -p $PG_PORT; }

start_postgres() {
    local data=$STATE/postgres/data
    if [ ! -s "$data/PG_VERSION" ]; then
        mkdir -p "$PG_SOCKET" "$data"
        chown -R "$RESOLE_USER:" "$STATE/postgres"
        chmod 700 "$data" "$PG_SOCKET"
        logged postgres setpriv --reuid="$RESOLE_USER" --regid="$RESOLE_USER" --init-groups \
            "$PG_BIN/initdb" -D "$data" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8
        cat >>"$data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$PG_SOCKET'
unix_socket_permissions = 0700
port = $PG_PORT
max_connections = 200
shared_buffers = 128MB
jit = off
log_line_prefix = '%m [%p] %q%u@%d '
CONF
    fi
    part_run postgres "$RESOLE_USER" "$PG_BIN/postgres" -D "$data"
    wait_until 60 postgres postgres_answers || fail "PostgreSQL does not answer" "$STATE/log/postgres.log"
    local there
    there=$(psql -h "$PG_SOCKET" -U postgres -Atc "select 1 from pg_database where datname = 'resole'")
    [ "$there" = 1 ] || "$PG_BIN/createdb" -h "$PG_SOCKET" -U postgres resole
}
