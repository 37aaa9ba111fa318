"""kill -9 of each worker at each of its commit points, broker and database restarted, events lost by the
registry: every push is inventoried, and whoever keeps ids sees each alert exactly once. The patch builder's
points stand with its own tests."""

import collections
import hashlib
import json
import os
import uuid

import pytest

from images import debian_files, image_of, layer_of
from parts import wait_for
from receivers import Hook

pytestmark = pytest.mark.program("resole-gateway", "resole-fetcher", "resole-unpacker", "resole-matcher", "resole-notifier",
                                 "resole-janitor")

HEARING = ("fetcher", "unpacker", "matcher", "notifier")
POINTS = ("before-transaction", "before-commit", "after-commit", "after-offset", "before-flush", "after-publish", "after-flush")
BASE = layer_of(debian_files({"openssl": "3.0.11-1~deb12u1"}))


class Chain:
    """Everything from push to alert, and what its subscribers received."""

    def __init__(self, system, hook):
        self.system, self.hook = system, hook
        self.killed, self.copies_of = collections.Counter(), collections.defaultdict(int)
        self.applications = {}

    def application(self, name):
        """Whoever pushes below its repository; registered before anything is killed."""
        self.system.admin.post("/v1/applications", {"application": name, "team": "shop", "repositories": [f"local/crash/{name}"]})

    def push(self, name):
        image = image_of([BASE, {f"srv/{name}": name}])
        self.system.push.image(f"crash/{name}", "1", image)
        self.applications[name] = image.digest
        return image.digest

    def arm(self, point, *workers):
        """These die at their first passing of the point."""
        for worker in workers:
            if worker in self.system.processes:
                self.system.stop(worker)
        self.system.start(*workers, wait=False, RESOLE_CRASH_AT=point)  # what came again may kill it at once
        return {worker: self.system.processes[worker] for worker in workers}

    def raise_the_dead(self, armed, what):
        """Whoever dies is started again without the hook, until `what` holds and all have died."""
        def look():
            for worker in [w for w, process in armed.items() if not process.is_running()]:
                assert armed[worker].child.returncode == -9, armed[worker].tail()
                del armed[worker]
                self.killed[worker] += 1
                self.system.start(worker)
            holds = what()
            return not armed and holds
        wait_for(look, f"all have died ({sorted(armed)} are left) and everything is told", deadline_s=240)

    def received(self, channel):
        """application → {id: [bodies]}"""
        got = collections.defaultdict(lambda: collections.defaultdict(list))
        if channel == "kafka":
            for _, _, headers, _, value in self.system.read("alert.vulnerability.v1"):
                got[json.loads(value)["application"]][headers["ce_id"]].append(value)
        else:
            for headers, value in [(h, v) for status, h, v in list(self.hook.got) if status == 204]:
                got[json.loads(value)["application"]][headers["webhook-id"]].append(value)
        return got

    def is_told(self, name):
        return all(self.received(channel)[name] for channel in ("kafka", "webhook"))

    def wait(self, *names):
        for name in names:
            self.system.wait_image(self.applications[name])
        for name in names:
            wait_for(lambda name=name: self.is_told(name), f"{name} is told")

    def copies(self):
        """Each alert id exactly once after dropping copies, all copies the same bytes; how many there are."""
        counted = {}
        for channel in ("kafka", "webhook"):
            got = self.received(channel)
            counted[channel] = 0
            for name in self.applications:
                assert len(got[name]) == 1, f"{channel}: {name} has {len(got[name])} alerts"
                for bodies in got[name].values():
                    assert len(set(bodies)) == 1, f"{channel}: {name}: copies differ"
                    counted[channel] += len(bodies) - 1
        return counted


@pytest.fixture(scope="module")
def chain(new_system, place):
    hook = Hook()
    system = new_system(settings={
        "*": {"RESOLE_KAFKA_SESSION_MS": "3000"},
        "notifier": {"RESOLE_WEBHOOK_PRIVATE_HOSTS": "127.0.0.1"},
        "janitor": {"RESOLE_JANITOR_TICK_MS": "200", "RESOLE_SWEEP_EVERY_S": "2"}})
    system.start("gateway", *HEARING, "janitor")
    system.admin.post("/v1/teams", {"team": "shop"})
    system.admin.post("/v1/subscriptions", {"team": "shop", "channel": "webhook", "address": hook.url})
    chain = Chain(system, hook)
    document = json.dumps({"openssl": {"CVE-2026-1": {"releases": {"bookworm": {
        "status": "resolved", "fixed_version": "3.0.11-1~deb12u2", "urgency": "high"}}}}}).encode()
    digest = hashlib.sha256(document).hexdigest()
    os.makedirs(f"{system.blobs}/sha256/{digest[:2]}", exist_ok=True)
    with open(f"{system.blobs}/sha256/{digest[:2]}/{digest}", "wb") as file:
        file.write(document)
    system.query("insert into source (source, format, as_of) values ('debian-tracker', 'debian-tracker', now()) on conflict do nothing")
    event = str(uuid.uuid4())
    value = {"source": "debian-tracker", "blob": f"sha256:{digest}", "bytes": len(document), "as_of": "2026-01-02T03:04:05Z"}
    system.kafka.write(f"{system.prefix}feed.fetched.v1", "debian-tracker", json.dumps(value).encode(), {
        "ce_id": event, "ce_source": "/tests", "ce_specversion": "1.0", "ce_type": "resole.feed.fetched.v1"})
    wait_for(lambda: system.value("select state from task where ce_id = %s", (event,)) == "done", "the source is read")
    chain.application("calm")
    chain.push("calm")
    chain.wait("calm")
    wait_for(system.settled, "nothing waits")
    assert chain.copies() == {"kafka": 0, "webhook": 0}, "copies come only across a kill"
    yield chain
    hook.close()


@pytest.mark.parametrize("point", POINTS)
def test_each_hearing_worker_killed_at_a_commit_point(chain, point):
    chain.application(point)
    before = chain.copies()
    armed = chain.arm(point, *HEARING)
    digest = chain.push(point)
    chain.raise_the_dead(armed, lambda: chain.system.image_state(digest) == "matched" and chain.is_told(point))
    wait_for(chain.system.settled, "nothing waits")
    assert chain.system.value("select count(*) from image_layer l join image using (image_id) where digest = %s", (digest,)) == 2
    copies = {channel: n - before[channel] for channel, n in chain.copies().items()}
    print(f"\n{point}: copies at a subscriber: {copies}")
    if point != "after-publish":  # the one place where a message is out and its row is not gone
        assert copies == {"kafka": 0, "webhook": 0}


def test_the_notifier_killed_between_sending_and_recording(chain):
    chain.application("sent")
    armed = chain.arm("after-send", "notifier")
    before = chain.copies()["webhook"]
    chain.push("sent")
    chain.raise_the_dead(armed, lambda: chain.is_told("sent"))
    # the lease of its delivery has to end first: it is moved, not waited for
    chain.system.query("update alert set next_at = now() where state not in ('sent', 'parked')")
    wait_for(lambda: chain.system.value("select count(*) from alert where application = 'sent' and state <> 'sent'") == 0, "recorded")
    copies = chain.copies()["webhook"] - before
    print(f"\nafter-send: copies at the webhook: {copies}")
    assert copies == 1


@pytest.mark.parametrize("point", ("before-transaction", "before-commit", "after-commit", "before-flush", "after-publish", "after-flush"))
def test_the_gateway_killed_at_a_commit_point(chain, point):
    name = "gateway-" + point
    chain.application(name)
    armed = chain.arm(point, "gateway")
    digest = chain.push(name)
    chain.raise_the_dead(armed, lambda: chain.system.image_state(digest) == "matched" and chain.is_told(name))


@pytest.mark.parametrize("point", ("before-commit", "after-commit", "before-flush", "after-publish", "after-flush"))
def test_the_janitor_killed_over_a_push_whose_event_the_registry_lost(chain, point):
    system, name = chain.system, "janitor-" + point
    chain.application(name)
    repairs = "select coalesce((select value from counter where name = 'repair:sweep'), 0)"
    before = system.value(repairs)
    system.stop("gateway", "janitor")
    digest = chain.push(name)
    system.registry.kill()  # and with it the event that nobody took
    system.registry.start()
    armed = chain.arm(point, "janitor")

    def found():
        # who dies over a sweep holds it for ten minutes: moved, not waited for
        system.query("update schedule set next_at = now() where name = 'catalogue.sweep' and next_at > now() + interval '1 minute'")
        return system.image_state(digest) == "matched"
    chain.raise_the_dead(armed, found)
    system.start("gateway")
    chain.wait(name)
    assert system.value(repairs) >= before + 1, "counted as a repair"


def test_the_gateway_killed_while_events_come(chain):
    names = [f"burst-{n}" for n in range(6)]
    for name in names:
        chain.application(name)
    for name in names[:3]:
        chain.push(name)
    chain.system.kill("gateway")
    for name in names[3:]:
        chain.push(name)
    chain.system.start("gateway")
    chain.wait(*names)


@pytest.mark.parametrize("part", ("broker", "database"))
def test_a_part_below_is_restarted(chain, kafka, postgres, part):
    names = [f"{part}-1", f"{part}-2"]
    for name in names:
        chain.application(name)
    chain.push(names[0])
    (kafka if part == "broker" else postgres).restart()
    chain.push(names[1])
    chain.wait(*names)
    assert all(p.is_running() for p in chain.system.processes.values())


def test_sigterm_ends_with_zero_and_loses_nothing(chain):
    chain.application("sigterm")
    chain.push("sigterm")
    chain.system.stop()
    chain.system.start("gateway", *HEARING, "janitor")
    chain.wait("sigterm")


def test_after_all_that_every_push_is_inventoried_and_every_alert_came_once(chain):
    wait_for(chain.system.settled, "nothing waits")
    names = list(chain.applications)
    assert {chain.system.image_state(d) for d in chain.applications.values()} == {"matched"}
    assert chain.system.value("select count(*) from task where state = 'parked'") == 0
    copies = chain.copies()
    print(f"\n{len(names)} pushes, {sum(chain.killed.values())} kills: {len(names)} alerts on each channel, copies {copies}")
