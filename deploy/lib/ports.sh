# A taken port is found before anything is started, and named with its setting.
# shellcheck shell=bash
port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# check_port PORT SETTING PART: fine when the part itself runs.
check_port() {
    part_is_running "$3" && return 0
    ! port_is_taken "$1" || fail "port $1 ($2, for $3) is taken by another program; set $2 to a free one"
}

is_port() { [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] && [ "$1" -le 65535 ]; }

admin_port() {
    local i=0 name
    for name in "${WORKERS[@]}"; do
        [ "$name" = "$1" ] && echo $((ADMIN_PORT_BASE + i)) && return 0
        i=$((i + 1))
    done
    return 1
}

# The ports, their settings and the parts they are for, a line each.
ports() {
    local name
    echo "$KAFKA_PORT RESOLE_KAFKA_PORT kafka"
    echo "$KAFKA_CONTROLLER_PORT RESOLE_KAFKA_CONTROLLER_PORT kafka"
    echo "$REGISTRY_PORT RESOLE_REGISTRY_PORT registry"
    echo "$GATEWAY_PORT RESOLE_GATEWAY_PORT gateway"
    [ -z "$TOMCAT_PORT" ] || echo "$TOMCAT_PORT RESOLE_DEMO_PORT the demonstration's Tomcat"
    for name in "${WORKERS[@]}"; do
        echo "$(admin_port "$name") RESOLE_ADMIN_PORT_BASE $name"
    done
}

check_ports() {
    local port setting part other
    local -A seen=()
    for setting in KAFKA_PORT KAFKA_CONTROLLER_PORT REGISTRY_PORT GATEWAY_PORT ADMIN_PORT_BASE; do
        is_port "${!setting}" || fail "RESOLE_$setting is no port: '${!setting}'"
    done
    [ -z "$TOMCAT_PORT" ] || is_port "$TOMCAT_PORT" || fail "RESOLE_DEMO_PORT is no port: '$TOMCAT_PORT'"
    while read -r port setting part; do
        other=${seen[$port]:-}
        [ -z "$other" ] || fail "port $port is meant for two: $other and $setting (for $part); set one to a free one"
        seen[$port]=$setting
        check_port "$port" "$setting" "$part"
    done < <(ports)
}
