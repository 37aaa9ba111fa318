"""bus_probe, a worker for tests of the skeleton: what it does depends on the message's repository."""

import json
import os
import uuid

import requests

from parts import Process, free_port, wait_for


def tag(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


class Probes:
    """bus_probe processes over one system."""

    def __init__(self, system, build):
        self.system, self.program = system, os.path.join(build, "tests", "bus_probe")
        self.living, self.ports = [], {}

    def start(self, **extra):
        name, port = f"probe-{uuid.uuid4().hex[:6]}", free_port()
        environment = self.system.environment("probe", "postgres")
        environment |= {"RESOLE_ADMIN_PORT": str(port), "RESOLE_KAFKA_SESSION_MS": "6000", **extra}
        process = Process(name, [self.program], self.system.folder, environment).start()
        self.system.processes[name] = process
        self.living.append(process)
        self.ports[process] = port
        return process

    def wait_ready(self, process):
        wait_for(lambda: requests.get(f"http://127.0.0.1:{self.ports[process]}/readyz", timeout=5).status_code == 200,
                 "the probe is ready")

    def put(self, repository, *tags, bulk=False):
        """Messages as an outbox that some replica left behind."""
        for tag in tags:
            value = json.dumps({"registry": "r", "repository": repository, "tag": tag, "action": "push", "cause": "push"})
            self.system.query(
                "insert into outbox (worker, topic, bulk, message_key, ce_source, ce_id, value)"
                " values ('probe', 'image.pushed', %s, %s, 'test', %s, %s)", (bulk, tag, tag, value.encode()))

    def value(self, what, tag):
        return self.system.value("select value from counter where name = %s", (f"{what}:{tag}",)) or 0

    def task(self, tag):
        rows = self.system.query("select * from task where consumer = 'probe' and ce_id = %s", (tag,))
        return rows[0] if rows else {}

    def wait_state(self, tag, state):
        wait_for(lambda: self.task(tag).get("state") == state, f"{tag} is {state}")

    def told(self, tag):
        """ids of the layer.fetched messages that the handling of `tag` put out."""
        return [headers["ce_id"] for _, _, headers, _, value in self.system.read("layer.fetched.v1")
                if json.loads(value)["digest"] == tag]

    def outbox_is_empty(self):
        return self.system.value("select count(*) from outbox") == 0

    def stop(self):
        """Gracefully: what was worked on is committed, so that the next test does not see it again."""
        for process in self.living:
            if process.is_running():
                assert process.stop() == 0, process.tail()
        self.living.clear()
