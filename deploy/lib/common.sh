# What every script of deploy/ shares: where things lie, how to say something, how to fail.
# Sourced, never run. Settings come from the environment; the defaults are below.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STATE=${RESOLE_STATE_DIR:-/var/lib/resole}
BUILD=${RESOLE_BUILD_DIR:-$ROOT/build}
RESOLE_USER=${RESOLE_USER:-resole}

# Ports on 127.0.0.1. PostgreSQL has none: it listens on a socket below the state directory.
KAFKA_PORT=${RESOLE_KAFKA_PORT:-19092}
KAFKA_CONTROLLER_PORT=${RESOLE_KAFKA_CONTROLLER_PORT:-19093}
REGISTRY_PORT=${RESOLE_REGISTRY_PORT:-15000}
GATEWAY_PORT=${RESOLE_GATEWAY_PORT:-18080}
ADMIN_PORT_BASE=${RESOLE_ADMIN_PORT_BASE:-18100}
TOMCAT_PORT=${RESOLE_DEMO_PORT:-18180}

WORKERS=(gateway fetcher unpacker matcher patch-builder notifier janitor)
PARTS=(postgres kafka registry "${WORKERS[@]}")

STEP=start
started_at=$SECONDS

say() { printf '%s\n' "$*"; }
# step "what is done now": printed, and named when it fails.
step() {
    STEP=$1
    printf '\n[%3ds] %s\n' $((SECONDS - started_at)) "$1"
}
# fail WHY [LOG]: said once. A subshell that said it ends with TOLD, and so do those around it.
TOLD=99
fail() {
    trap - ERR
    printf '\nfailed: %s\n  %s\n' "$STEP" "$1" >&2
    if [ -n "${2:-}" ]; then
        printf '  log: %s\n' "$2" >&2
        [ -s "$2" ] && tail -n 12 "$2" | sed 's/^/  | /' >&2
    fi
    full_disks >&2
    exit $((BASH_SUBSHELL > 0 ? TOLD : 1))
}
on_error() {
    [ "$1" != $TOLD ] || exit $((BASH_SUBSHELL > 0 ? TOLD : 1))
    fail "$2"
}
trap 'on_error $? "line $LINENO of ${BASH_SOURCE[0]:-the shell}: $BASH_COMMAND"' ERR
set -E

# A full disk makes every program say something else: it is named beside what failed.
full_disks() {
    local folder free
    for folder in "$STATE" "$BUILD" "${TMPDIR:-/tmp}" /var/cache/apt; do
        [ -d "$folder" ] || continue
        free=$(df --output=avail -k "$folder" 2>/dev/null | tail -n 1 | tr -d ' ')
        [ "${free:-999999}" -ge 65536 ] || printf '  the disk of %s is full: %d MB free\n' "$folder" $((free / 1024))
    done
}

# logged NAME COMMAND…: its output goes to the log of that name; on failure the log is shown.
logged() {
    local log=$STATE/log/$1.log code=0
    shift
    "$@" >>"$log" 2>&1 || code=$?
    [ $code = 0 ] || fail "exit $code of: $(cut -c 1-160 <<<"$*" | head -n 1)" "$log"
}

make_state() {
    case $STATE in
    /*) ;;
    *) fail "RESOLE_STATE_DIR is not an absolute path: $STATE" ;;
    esac
    [ ${#STATE} -le 70 ] || fail "RESOLE_STATE_DIR is too long for a socket below it: $STATE"
    mkdir -p "$STATE"/{log,run,etc,bin,images,cache}
    touch "$STATE/.resole-state"
}

need_root() { [ "$(id -u)" = 0 ] || fail "run this as root (it installs packages and starts parts)"; }

# wait_until SECONDS WHAT COMMAND…
wait_until() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
    : "$what"
}
