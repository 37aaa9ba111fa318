# Parts: each one supervised process with its own log, started and stopped by name.
# shellcheck shell=bash
part_pid() { cat "$STATE/run/$1.pid" 2>/dev/null; }
part_is_running() {
    local pid
    pid=$(part_pid "$1") && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null &&
        tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep "supervise $1 " >/dev/null
}

# part_run NAME USER COMMAND…: under the supervisor, in a session of its own.
part_run() {
    local name=$1 user=$2
    shift 2
    part_is_running "$name" && return 0
    [ "$user" = root ] || [ "$(id -u)" != 0 ] || set -- setpriv --reuid="$user" --regid="$user" --init-groups "$@"
    (
        cd "$STATE"
        exec setsid "$ROOT/deploy/lib/supervise" "$name" "$STATE/run/$name.pid" "$@" \
            </dev/null >>"$STATE/log/$name.log" 2>&1
    ) &
    disown
    wait_until 10 "$name" part_is_running "$name" || fail "$name did not start" "$STATE/log/$name.log"
}

part_stop() {
    local pid end=$((SECONDS + 45))
    part_is_running "$1" || { rm -f "$STATE/run/$1.pid"; return 0; }
    pid=$(part_pid "$1")
    kill -TERM "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do
        if [ $SECONDS -ge $end ]; then
            say "  $1 did not end in 45 s: killed"
            kill -KILL -- "-$pid" 2>/dev/null || true
            break
        fi
        sleep 0.1
    done
    rm -f "$STATE/run/$1.pid"
}
