# One Apache Kafka node (KRaft: broker and controller in one process) from the published jars.
# shellcheck shell=bash
kafka_answers() { port_is_taken "$KAFKA_PORT"; }

kafka_java() {
    java -Xmx"${KAFKA_HEAP:-512m}" -Xms128m -XX:+UseSerialGC -Dlog4j2.configurationFile="$ROOT/deploy/kafka/log4j2.yaml" \
        -cp "$STATE/kafka/jars/*" "$@"
}

write_kafka_settings() {
    cat >"$STATE/kafka/server.properties" <<CONF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$KAFKA_CONTROLLER_PORT
listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT,CONTROLLER://127.0.0.1:$KAFKA_CONTROLLER_PORT
advertised.listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$STATE/kafka/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
log.segment.bytes=16777216
CONF
}

start_kafka() {
    part_is_running kafka && return 0
    maven_jars "$ROOT/deploy/kafka/pom.xml" "$STATE/kafka/jars"
    write_kafka_settings
    if [ ! -s "$STATE/kafka/data/meta.properties" ]; then
        [ -s "$STATE/kafka/cluster.id" ] || head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=' >"$STATE/kafka/cluster.id"
        logged kafka kafka_java kafka.tools.StorageTool format --ignore-formatted \
            --cluster-id "$(cat "$STATE/kafka/cluster.id")" --config "$STATE/kafka/server.properties"
    fi
    chown -R "$RESOLE_USER:" "$STATE/kafka"
    cp "$ROOT/deploy/kafka/log4j2.yaml" "$STATE/kafka/log4j2.yaml"
    part_run kafka "$RESOLE_USER" java -Xmx"${KAFKA_HEAP:-512m}" -Xms128m -XX:+UseSerialGC \
        -Dlog4j2.configurationFile="$STATE/kafka/log4j2.yaml" -cp "$STATE/kafka/jars/*" \
        kafka.Kafka "$STATE/kafka/server.properties"
    wait_until 90 kafka kafka_answers || fail "Kafka does not answer on port $KAFKA_PORT" "$STATE/log/kafka.log"
}
