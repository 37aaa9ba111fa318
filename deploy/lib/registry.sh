# Debian's docker-registry; it tells the gateway about every push.
# shellcheck shell=bash
REGISTRY_NAME=local # /v1/events/local

registry_answers() { curl -fsS -o /dev/null "http://127.0.0.1:$REGISTRY_PORT/v2/"; }

# A secret is made once and kept.
secret() {
    local file=$STATE/etc/$1.secret
    if [ ! -s "$file" ]; then
        (umask 077 && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$file")
    fi
    cat "$file"
}

start_registry() {
    install_registry
    mkdir -p "$STATE/registry/data"
    (umask 077 && cat >"$STATE/registry/config.yml" <<CONF)
version: 0.1
log:
  level: warn
storage:
  filesystem:
    rootdirectory: $STATE/registry/data
  delete:
    enabled: true
http:
  addr: 127.0.0.1:$REGISTRY_PORT
  secret: $(secret registry-http)
notifications:
  endpoints:
    - name: resole
      url: http://127.0.0.1:$GATEWAY_PORT/v1/events/$REGISTRY_NAME
      headers:
        Authorization: [Bearer $(secret registry-events)]
      timeout: 5s
      threshold: 5
      backoff: 2s
CONF
    chown -R "$RESOLE_USER:" "$STATE/registry"
    OTEL_TRACES_EXPORTER=none part_run registry "$RESOLE_USER" "$REGISTRY_PROGRAM" serve "$STATE/registry/config.yml"
    wait_until 30 registry registry_answers || fail "the registry does not answer on port $REGISTRY_PORT" "$STATE/log/registry.log"
}
