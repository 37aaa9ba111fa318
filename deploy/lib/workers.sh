# The programs of Resole, each with its settings in a file below etc/.
# shellcheck shell=bash
program_of() { echo "$STATE/bin/resole-$1"; }

# What every program is told; a worker's own file under deploy/env may add to it.
common_settings() {
    cat <<ENV
RESOLE_KAFKA_BROKERS=127.0.0.1:$KAFKA_PORT
RESOLE_BLOB_DIR=$STATE/blobs
RESOLE_PROGRAMS_DIR=$STATE/bin
RESOLE_SEAL_KEY_FILE=$STATE/etc/seal.key
RESOLE_REPOSITORIES_FILE=$STATE/etc/repositories.list
RESOLE_SOURCES_FILE=$STATE/etc/sources.list
ENV
}

# Whom Resole trusts for Debian's packages: this machine's own mirror, by Debian's keys.
write_repositories() {
    local file=$STATE/etc/repositories.list
    debian_sources all |
        sed "s|^|deb [arch=$(dpkg --print-architecture) signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] |" >"$file"
    chmod 644 "$file"
    [ -s "$file" ] || fail "apt knows no Debian source of this release (apt-get indextargets shows none): run apt-get update"
}

# The advisory record of the demonstration: one of our own, under the source name "demo".
write_sources() {
    install -m 644 "$ROOT/deploy/demo/advisory.json" "$STATE/etc/demo-advisory.json"
    printf 'demo file:%s\n' "$STATE/etc/demo-advisory.json" >"$STATE/etc/sources.list"
    chmod 644 "$STATE/etc/sources.list"
}

worker_settings() {
    local role=resole_${1//-/_}
    common_settings
    echo "RESOLE_DATABASE_URL=host=$PG_SOCKET user=$role dbname=resole"
    echo "RESOLE_ADMIN_PORT=$(admin_port "$1")"
    if [ "$1" = gateway ]; then
        echo "RESOLE_GATEWAY_PORT=$GATEWAY_PORT"
        echo "RESOLE_GATEWAY_ADMIN_TOKEN_FILE=$STATE/etc/admin-token.secret"
    fi
}

# The key that seals secrets in the database and the operator's token: made once, for the parts' user.
make_keys() {
    [ -s "$STATE/etc/seal.key" ] || (umask 077 && head -c 32 /dev/urandom >"$STATE/etc/seal.key")
    secret admin-token >/dev/null
    chown "$RESOLE_USER:" "$STATE/etc/seal.key" "$STATE/etc/admin-token.secret"
}

worker_is_ready() { curl -fsS -o /dev/null "http://127.0.0.1:$(admin_port "$1")/readyz"; }

run_setup() {
    local program
    program=$(program_of setup)
    [ -x "$program" ] || return 0
    logged setup env $(common_settings) "RESOLE_DATABASE_URL=host=$PG_SOCKET user=postgres dbname=resole" \
        setpriv --reuid="$RESOLE_USER" --regid="$RESOLE_USER" --init-groups "$program"
}

start_worker() {
    local program line
    program=$(program_of "$1")
    [ -x "$program" ] || return 0
    mkdir -p "$STATE/blobs"
    chown "$RESOLE_USER:" "$STATE/blobs"
    worker_settings "$1" >"$STATE/etc/$1.env"
    local settings=()
    while IFS= read -r line; do settings+=("$line"); done <"$STATE/etc/$1.env"
    part_run "$1" "$RESOLE_USER" env "${settings[@]}" "$program"
}

start_part() {
    case $1 in
    postgres) start_postgres ;;
    kafka) start_kafka ;;
    registry) start_registry ;;
    *) start_worker "$1" ;;
    esac
}

part_exists() {
    local name
    for name in "${PARTS[@]}"; do [ "$name" = "$1" ] && return 0; done
    return 1
}

wait_for_workers() {
    local name
    for name in "${WORKERS[@]}"; do
        part_is_running "$name" || continue
        wait_until 60 "$name" worker_is_ready "$name" ||
            fail "$name is not ready" "$STATE/log/$name.log"
        say "  $name is ready"
    done
}
