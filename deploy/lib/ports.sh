# A taken port is found before anything is started, and named with its setting.
# shellcheck shell=bash
port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# check_port PORT SETTING PART: fine when the part itself runs.
check_port() {
    part_is_running "$3" && return 0
    ! port_is_taken "$1" || fail "port $1 ($2, for $3) is taken by another program; set $2 to a free one"
}

admin_port() {
    local i=0 name
    for name in "${WORKERS[@]}"; do
        [ "$name" = "$1" ] && echo $((ADMIN_PORT_BASE + i)) && return 0
        i=$((i + 1))
    done
    return 1
}

check_ports() {
    local name
    check_port "$KAFKA_PORT" RESOLE_KAFKA_PORT kafka
    check_port "$KAFKA_CONTROLLER_PORT" RESOLE_KAFKA_CONTROLLER_PORT kafka
    check_port "$REGISTRY_PORT" RESOLE_REGISTRY_PORT registry
    check_port "$GATEWAY_PORT" RESOLE_GATEWAY_PORT gateway
    for name in "${WORKERS[@]}"; do
        check_port "$(admin_port "$name")" RESOLE_ADMIN_PORT_BASE "$name"
    done
}
