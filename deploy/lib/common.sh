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
# fail WHY [LOG]
fail() {
    printf '\nfailed: %s\n  %s\n' "$STEP" "$1" >&2
    if [ -n "${2:-}" ]; then
        printf '  log: %s\n' "$2" >&2
        [ -s "$2" ] && tail -n 12 "$2" | sed 's/^/  | /' >&2
    fi
    exit 1
}
trap 'fail "line $LINENO of ${BASH_SOURCE[0]:-the shell}: $BASH_COMMAND"' ERR
set -E

# logged NAME COMMAND…: its output goes to the log of that name; on failure the log is shown.
logged() {
    local log=$STATE/log/$1.log
    shift
    if ! "$@" >>"$log" 2>&1; then
        fail "$1 failed" "$log"
    fi
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
