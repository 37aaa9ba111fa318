"""One Resole: a database, a topic prefix, a registry and the workers, apart from every other one."""

import hashlib
import os
import secrets
import shutil
import subprocess

import requests

from images import Pusher
from parts import Process, Registry, answers, free_port, wait_for

WORKERS = ("gateway", "fetcher", "unpacker", "matcher", "patch-builder", "notifier", "janitor")


class Api:
    """The gateway, as a caller with a token sees it."""

    def __init__(self, base, token=None):
        self.base = base
        self.session = requests.Session()
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method, path, **options):
        return self.session.request(method, self.base + path, timeout=60, **options)

    def get(self, path, **options):
        answer = self.call("GET", path, **options)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path, body=None, status=(200, 201, 202)):
        answer = self.call("POST", path, json=body)
        assert answer.status_code in status, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


class System:
    living = []

    def __init__(self, name, place, postgres, kafka, programs, settings=None, registry=True):
        self.name, self.postgres, self.kafka, self.programs = name, postgres, kafka, programs
        self.folder = os.path.join(place, name)
        self.blobs = os.path.join(self.folder, "blobs")
        os.makedirs(self.blobs)
        self.settings = settings or {}
        self.database, self.prefix = f"t_{name}", f"{name.replace('_', '-')}."
        self.ports = {worker: free_port() for worker in WORKERS}
        self.gateway_port = free_port()
        self.url = f"http://127.0.0.1:{self.gateway_port}"
        self.event_secret = secrets.token_urlsafe(16)
        self.processes = {}
        postgres.create(self.database)
        self.registry = Registry(self.folder, f"{self.url}/v1/events/local", self.event_secret).start() if registry else None
        self.push = Pusher(self.registry.address) if registry else None
        self.setup()
        System.living.append(self)

    # -- settings

    def environment(self, worker, role=None):
        role = role or "resole_" + worker.replace("-", "_")
        environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
            "RESOLE_DATABASE_URL": self.postgres.url(self.database, role),
            "RESOLE_KAFKA_BROKERS": self.kafka.brokers,
            "RESOLE_TOPIC_PREFIX": self.prefix,
            "RESOLE_BLOB_DIR": self.blobs,
            "RESOLE_PROGRAMS_DIR": self.programs,
            "RESOLE_ADVISORY_SOURCES": "none",  # a test names its sources itself: nothing is fetched from outside
            "RESOLE_KAFKA_SESSION_MS": "6000",
        }
        if worker in self.ports:
            environment["RESOLE_ADMIN_PORT"] = str(self.ports[worker])
        if worker == "gateway":
            environment["RESOLE_GATEWAY_PORT"] = str(self.gateway_port)
        if worker == "setup":
            environment["RESOLE_TOPIC_PARTITIONS"] = "3"
        environment.update(self.settings.get("*", {}))
        environment.update(self.settings.get(worker, {}))
        return environment

    def setup(self):
        done = subprocess.run([f"{self.programs}/resole-setup"], env=self.environment("setup", "postgres"),
                              capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        if self.registry:
            self.query("insert into registry (name, address, plain_http, private_ok, event_secret)"
                       " values ('local', %s, true, true, %s)",
                       (self.registry.address, hashlib.sha256(self.event_secret.encode()).hexdigest()))
        self.admin = Api(self.url, self.token("admin", "admin"))

    def token(self, name, role, team=None):
        token = secrets.token_urlsafe(24)
        self.query("insert into token (name, hash, role, team) values (%s, %s, %s, %s)",
                   (name, hashlib.sha256(token.encode()).hexdigest(), role, team))
        return token

    # -- workers

    def has(self, worker):
        return os.path.exists(f"{self.programs}/resole-{worker}")

    def start(self, *workers, wait=True, **extra):
        """Starts the named workers (default: all that the build has) and waits until they are ready."""
        workers = workers or [w for w in WORKERS if self.has(w)]
        for worker in workers:
            environment = dict(self.environment(worker), **extra)
            process = self.processes.get(worker)
            if process is None or not process.is_running():
                self.processes[worker] = Process(worker, [f"{self.programs}/resole-{worker}"], self.folder,
                                                 environment).start()
        for worker in workers if wait else ():
            self.wait_ready(worker)

    def wait_ready(self, worker):
        def ready():
            process = self.processes[worker]
            assert process.is_running(), f"{worker} ended\n{process.tail()}"
            return requests.get(f"http://127.0.0.1:{self.ports[worker]}/readyz", timeout=5).status_code == 200
        wait_for(ready, f"{worker} is ready")

    def stop(self, *workers):
        """SIGTERM; each must end with 0."""
        for worker in workers or list(self.processes):
            code = self.processes.pop(worker).stop()
            assert code == 0, f"{worker} ended with {code} after SIGTERM"

    def kill(self, *workers):
        for worker in workers or list(self.processes):
            self.processes.pop(worker).kill()

    def close(self):
        for process in self.processes.values():
            process.kill()
        if self.registry:
            self.registry.kill()
        if self in System.living:
            System.living.remove(self)
        if not os.environ.get("RESOLE_TEST_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- looking

    def query(self, text, values=()):
        return self.postgres.query(self.database, text, values)

    def value(self, text, values=()):
        rows = self.query(text, values)
        return next(iter(rows[0].values())) if rows else None

    def read(self, topic):
        return self.kafka.read(f"{self.prefix}{topic}")

    def metric(self, worker, name):
        text = requests.get(f"http://127.0.0.1:{self.ports[worker]}/metrics", timeout=10).text
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.split("{")[0].split(" ")[0] == name)

    def image_state(self, digest):
        return self.value("select state from image where digest = %s", (digest,))

    def wait_image(self, digest, *states):
        states = states or ("matched",)
        return wait_for(lambda: self.image_state(digest) in states, f"image {digest} is {' or '.join(states)}")

    def packages(self, digest):
        """Sorted (tier, type, name, version) of an image."""
        return [tuple(r.values()) for r in self.query(
            "select distinct p.tier, c.type, c.name, c.version from image i join image_package p using (image_id)"
            " join judged_component j using (judged_id) join component c using (component_id)"
            " where i.digest = %s order by 1, 2, 3, 4", (digest,))]

    def settled(self):
        """No message waits anywhere: outbox empty, no task begun or deferred."""
        return self.value("select (select count(*) from outbox)"
                          " + (select count(*) from task where state in ('started', 'deferred'))") == 0

    def gateway_answers(self):
        return answers(self.gateway_port)
