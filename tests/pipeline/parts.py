"""The real parts, started privately: PostgreSQL, Kafka, the registry. Every port is a free one, every
file lies below one temporary folder, and nothing outlives the test process."""

import glob
import os
import random
import shutil
import signal
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PG_BIN = "/usr/lib/postgresql/15/bin"
DEADLINE_S = 180

_given = set()


def free_port():
    """A port below the range that the kernel gives to outgoing connections, so that it stays free. Each
    process of a parallel run (gw0, gw1 …) gives from a range of its own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
    while True:
        port = random.randint(20000 + 3000 * worker, 22999 + 3000 * worker)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


def wait_for(condition, what="a condition", deadline_s=DEADLINE_S, every_s=0.1):
    """The first true value of condition(); an exception counts as not yet, and is told at the end."""
    end, last = time.monotonic() + deadline_s, None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except Exception as why:  # pylint: disable=broad-except
            last = why
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline_s} s; last: {last!r}")
        time.sleep(every_s)


def answers(port):
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        return True


class Process:
    """One child with its log; dies with us."""

    def __init__(self, name, command, folder, environment=None, user=None, stop_signal=signal.SIGTERM):
        self.name, self.command, self.folder, self.user = name, command, folder, user
        self.environment = environment
        self.stop_signal = stop_signal
        self.log = os.path.join(folder, f"{name}.log")
        self.child = None

    def start(self):
        assert not self.is_running(), f"{self.name} runs already"
        prefix = ["setpriv", "--pdeathsig", "KILL"]
        if self.user and os.getuid() == 0:
            prefix += [f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                prefix + self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment, cwd=self.folder)
        return self

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def stop(self, deadline_s=60):
        """Returns the exit status; negative: the signal."""
        if self.child is None:
            return None
        if self.child.poll() is None:
            self.child.send_signal(self.stop_signal)
            try:
                self.child.wait(deadline_s)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                raise AssertionError(f"{self.name} did not end in {deadline_s} s\n{self.tail()}") from None
        return self.child.returncode

    def kill(self):
        if self.child is not None and self.child.poll() is None:
            self.child.kill()
        if self.child is not None:
            self.child.wait()

    def tail(self, lines=40):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])


class Postgres:
    """A cluster on a socket; quick, not durable."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "pg")
        self.data, self.socket = os.path.join(self.folder, "data"), os.path.join(self.folder, "s")
        user = "postgres" if os.getuid() == 0 else None
        os.makedirs(self.socket)
        os.makedirs(self.data)
        if user:
            for path in (self.folder, self.data, self.socket):
                shutil.chown(path, user, user)
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if user else []
        made = subprocess.run(
            as_user + [f"{PG_BIN}/initdb", "-D", self.data, "-U", "postgres", "--auth=trust",
                       "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            cwd=self.folder, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write(f"""
listen_addresses = ''
unix_socket_directories = '{self.socket}'
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
""")
        self.process = Process("postgres", [f"{PG_BIN}/postgres", "-D", self.data], self.folder, user=user,
                               stop_signal=signal.SIGINT)

    def start(self):
        self.process.start()
        wait_for(lambda: self.query("postgres", "select 1"), "PostgreSQL answers")
        return self

    def restart(self):
        self.process.stop()
        self.start()

    def url(self, database, user="postgres"):
        return f"host={self.socket} dbname={database} user={user}"

    def query(self, database, text, values=(), user="postgres"):
        """Rows as dicts; a new connection each time, so that a restart does not matter."""
        import psycopg2
        import psycopg2.extras
        connection = psycopg2.connect(self.url(database, user))
        try:
            connection.autocommit = True
            with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
                cursor.execute(text, values or None)
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()

    def create(self, database):
        self.query("postgres", f'create database "{database}"')


class Kafka:
    """One KRaft node; keeps its ports and data over a restart."""

    def __init__(self, folder, jars):
        assert glob.glob(f"{jars}/kafka_2.13-*.jar"), f"no Kafka jars at {jars}: run tests/run packages"
        self.folder = os.path.join(folder, "kafka")
        os.makedirs(self.folder)
        self.port, controller = free_port(), free_port()
        self.brokers = f"127.0.0.1:{self.port}"
        settings = os.path.join(self.folder, "server.properties")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(f"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={self.folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
log.segment.bytes=16777216
group.min.session.timeout.ms=2000
""")
        java = ["java", "-Xmx512m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                f"-Dlog4j2.configurationFile={ROOT}/deploy/kafka/log4j2.yaml", "-cp", f"{jars}/*"]
        made = subprocess.run(
            java + ["kafka.tools.StorageTool", "format", "--cluster-id", "cmVzb2xlLXRlc3RzLS0tLQ",
                    "--config", settings], capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        self.process = Process("kafka", java + ["kafka.Kafka", settings], self.folder)

    def start(self):
        from confluent_kafka.admin import AdminClient
        self.process.start()
        wait_for(lambda: AdminClient({"bootstrap.servers": self.brokers}).list_topics(timeout=5),
                 "Kafka answers")
        return self

    def restart(self):
        self.process.stop()
        self.start()

    def read(self, topic):
        """Every record there is now, as (partition, offset, headers, key, value)."""
        from confluent_kafka import Consumer, TopicPartition
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": f"tests-{random.random()}",
                             "enable.auto.commit": False, "auto.offset.reset": "earliest"})
        try:
            found = []
            known = consumer.list_topics(topic, timeout=30).topics[topic]
            assert known.error is None, known.error
            ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30)
                    for p in known.partitions}
            consumer.assign([TopicPartition(topic, p, low) for p, (low, high) in ends.items() if high > low])
            open_ends = {p: high for p, (low, high) in ends.items() if high > low}
            end = time.monotonic() + 60
            while open_ends and time.monotonic() < end:
                record = consumer.poll(1)
                if record is None or record.error():
                    continue
                headers = {k: (v or b"").decode() for k, v in record.headers() or []}
                found.append((record.partition(), record.offset(), headers, record.key(), record.value()))
                if record.offset() + 1 >= open_ends.get(record.partition(), 0):
                    open_ends.pop(record.partition(), None)
            return sorted(found, key=lambda r: (r[0], r[1]))
        finally:
            consumer.close()

    def write(self, topic, key, value, headers):
        from confluent_kafka import Producer
        producer = Producer({"bootstrap.servers": self.brokers})
        problem = []
        producer.produce(topic, value, key, headers=headers, on_delivery=lambda e, _: e and problem.append(e))
        assert producer.flush(60) == 0 and not problem, problem


class Registry:
    """Debian's docker-registry; tells `events_url` about pushes when given."""

    def __init__(self, folder, events_url=None, secret=None, name="registry"):
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        program = shutil.which("docker-registry") or os.path.join(
            os.environ.get("RESOLE_TEST_DIR", os.path.join(ROOT, "build-test")),
            "state/registry/program/usr/bin/docker-registry")
        conf = f"""
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {self.folder}/data}}
  delete: {{enabled: true}}
http: {{addr: "{self.address}", secret: tests}}
"""
        if events_url:
            conf += f"""
notifications:
  endpoints:
    - name: resole
      url: {events_url}
      headers: {{Authorization: ["Bearer {secret}"]}}
      timeout: 5s
      threshold: 3
      backoff: 500ms
"""
        with open(os.path.join(self.folder, "config.yml"), "w", encoding="utf-8") as file:
            file.write(conf)
        environment = dict(os.environ, OTEL_TRACES_EXPORTER="none")
        self.process = Process(name, [program, "serve", os.path.join(self.folder, "config.yml")], self.folder,
                               environment)

    def start(self):
        self.process.start()
        wait_for(lambda: answers(self.port), "the registry answers")
        return self

    def stop(self):
        self.process.stop()

    def kill(self):
        self.process.kill()
