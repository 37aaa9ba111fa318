# The gateway's API and the command line, as this machine's operator uses them.
# shellcheck shell=bash
GATEWAY=http://127.0.0.1:$GATEWAY_PORT

# api METHOD PATH [JSON]: the answer on stdout; anything but 2xx fails with the problem's detail.
api() {
    local answer code
    answer=$(curl -sS --max-time 60 -X "$1" -H "Authorization: Bearer $(secret admin-token)" \
        -H 'Content-Type: application/json' ${3:+--data "$3"} -w '\n%{http_code}' "$GATEWAY$2") ||
        { echo "the gateway does not answer" >&2; return 1; }
    code=${answer##*$'\n'}
    answer=${answer%$'\n'*}
    case $code in
    2??) printf '%s\n' "$answer" ;;
    *)
        echo "$1 $2: $code $(jq -r '.detail // .' <<<"$answer" 2>/dev/null)" >&2
        return 1
        ;;
    esac
}

# resole_cli ARGUMENT…: the command line with this installation's gateway, as an unprivileged user would.
resole_cli() {
    RESOLE_GATEWAY_URL=$GATEWAY RESOLE_TOKEN=$(secret admin-token) RESOLE_PROGRAMS_DIR=$STATE/bin \
        RESOLE_INSECURE_HOSTS=127.0.0.1:$REGISTRY_PORT RESOLE_ADVISORY_DIR=$STATE/cache/advisories "$STATE/bin/resole" "$@"
}

has_worker() { [ -x "$(program_of "$1")" ]; }

# await SECONDS WHAT JQ-TEST PATH: polls PATH until the test holds; the answer is left in $ANSWER.
await() {
    local end=$((SECONDS + $1)) what=$2 test=$3 path=$4
    while :; do
        ANSWER=$(api GET "$path" 2>/dev/null || true)
        [ -n "$ANSWER" ] && jq -e "$test" <<<"$ANSWER" >/dev/null 2>&1 && return 0
        [ $SECONDS -lt "$end" ] || break
        sleep 0.5
    done
    say "  waited in vain for: $what"
    say "  last answer: $(cut -c 1-400 <<<"$ANSWER")"
    say "  parked: $(api GET /v1/parked 2>/dev/null | jq -r '.items[]? | "\(.consumer) \(.reason)"' | head -n 5)"
    fail "$what: not within $1 s" "$STATE/log/gateway.log"
}
