"""How every message lives and dies (architecture.md §3), with a probe worker: killed at each commit
point, restarted brokers and databases, rebalances, crashes, two janitors."""

import json
import signal

import pytest

from parts import wait_for
from probes import Probes, tag

pytestmark = pytest.mark.program("resole-setup")

POINTS = ["before-transaction", "before-commit", "after-commit", "after-offset", "before-flush", "after-flush"]


@pytest.fixture(scope="module")
def probe_system(new_system):
    return new_system(registry=False)


@pytest.fixture
def probes(probe_system, build):
    probes = Probes(probe_system, build)
    yield probes
    probes.stop()


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_commit_point_nothing_is_lost(probes, point):
    one = tag(point)
    dying = probes.start(RESOLE_CRASH_AT=f"{point}:1")
    probes.put("demo", one)
    wait_for(lambda: not dying.is_running(), f"the probe dies {point}")
    assert dying.child.returncode == -signal.SIGKILL
    probes.start()
    probes.wait_state(one, "done")
    wait_for(probes.outbox_is_empty, "the outbox is empty")
    assert probes.value("probe", one) == 1, "the work was committed twice"
    told = probes.told(one)
    assert len(set(told)) == 1, "one event, whatever the number of its copies"
    print(f"{point}: {len(told)} copies")


def test_a_message_that_crashes_its_worker_parks_at_the_third_start(probes):
    one, other = tag("crash"), tag("beside")
    probes.put("crash", one)
    for _ in range(2):
        dying = probes.start()
        wait_for(lambda p=dying: not p.is_running(), "the probe crashes")
    probes.start()
    probes.wait_state(one, "parked")
    assert probes.value("begun", one) == 2, "parked without running a third time"
    row = probes.task(one)
    assert row["error_kind"] == "crash" and json.loads(bytes(row["value"]))["tag"] == one
    probes.put("demo", other)
    probes.wait_state(other, "done")


def test_kills_over_different_messages_park_none(probes):
    """Two processes die, each with another message in hand: neither has been started in vain three times."""
    tags = [tag("unlucky") for _ in range(2)]
    for one in tags:
        victim = probes.start()
        probes.put("slow-6", one)
        wait_for(lambda one=one: probes.value("begun", one) == 1, "the handler runs")
        victim.kill()
        assert probes.task(one)["starts"] == 1
    probes.start()
    for one in tags:
        probes.wait_state(one, "done")
        assert probes.value("probe", one) == 1


def test_verdicts(probes):
    bad, odd, away = tag("bad"), tag("odd"), tag("away")
    probe = probes.start()
    probes.put("bad", bad)
    probes.put("unknown", odd)
    probes.put("away", away)
    probes.wait_state(bad, "parked")
    probes.wait_state(odd, "deferred")
    probes.wait_state(away, "deferred")
    assert probes.task(bad)["reason"] == "these bytes will never be right"
    assert probes.task(odd)["attempts"] == 1, "an unknown cause is charged"
    assert probes.task(away)["attempts"] == 0, "the outside world's fault is not"
    assert probes.task(away)["next_at"] is not None
    assert probe.is_running()


def test_malformed_messages_park_and_the_worker_lives(probes, probe_system, kafka):
    topic = f"{probe_system.prefix}image.pushed.v1"
    good = {"ce_specversion": "1.0", "ce_source": "outside", "ce_type": "resole.image.pushed.v1"}
    probe = probes.start()
    cases = {
        tag("json"): b"{",
        tag("field"): b'{"registry":1}',
        tag("utf8"): b'{"registry":"\xff"}',
        tag("empty"): b"",
        tag("large"): b'{"registry":"' + b"x" * 70000 + b'"}',
    }
    for one, value in cases.items():
        kafka.write(topic, one, value, good | {"ce_id": one})
    kafka.write(topic, "no-envelope", b"{}", {})
    for one in cases:
        probes.wait_state(one, "parked")
    wait_for(lambda: probe_system.value(
        "select count(*) from task where state = 'parked' and ce_source like 'kafka:%%'") >= 1, "no envelope: parked")
    assert probe.is_running()
    fine = tag("fine")
    probes.put("demo", fine)
    probes.wait_state(fine, "done")


def test_a_dead_replica_s_outbox_is_flushed_by_another(probes):
    one = tag("dead")
    dying = probes.start(RESOLE_CRASH_AT="after-offset:1")
    probes.put("demo", one)
    wait_for(lambda: not dying.is_running(), "the replica dies with its outbox")
    assert not probes.outbox_is_empty()
    other = probes.start(RESOLE_WORKER_SERVES="bulk")  # hears no interactive message at all
    wait_for(probes.outbox_is_empty, "another replica flushes")
    assert len(set(probes.told(one))) == 1
    assert other.is_running()


def test_a_rebalance_during_a_long_handler(probes):
    """The message in hand is finished by its replica, once; the others go on meanwhile."""
    slow, others = tag("slow"), [tag("quick") for _ in range(12)]
    first = probes.start()
    probes.wait_ready(first)
    probes.put("slow-20", slow)
    wait_for(lambda: probes.value("begun", slow) == 1, "the long handler runs")
    second = probes.start()
    probes.wait_ready(second)
    probes.put("demo", *others)
    for one in others:
        if probes.task(slow).get("state") == "done":
            break  # this machine is slow: no claim to be made
        wait_for(lambda one=one: probes.task(one).get("state") == "done" or probes.task(slow).get("state") == "done",
                 "the quick ones pass")
    for one in others:
        probes.wait_state(one, "done")
    probes.wait_state(slow, "done")
    wait_for(probes.outbox_is_empty, "delayed copies are gone")
    assert probes.value("begun", slow) == 1, "nobody else ran it beside the first"
    assert probes.value("probe", slow) == 1
    assert first.is_running() and second.is_running()


def test_the_same_event_twice_changes_nothing(probes, probe_system, kafka):
    one = tag("twice")
    probes.start()
    value = json.dumps({"registry": "r", "repository": "demo", "tag": one, "action": "push", "cause": "push"}).encode()
    headers = {"ce_specversion": "1.0", "ce_source": "outside", "ce_id": one, "ce_type": "resole.image.pushed.v1"}
    for _ in range(3):
        kafka.write(f"{probe_system.prefix}image.pushed.v1", one, value, headers)
    probes.wait_state(one, "done")
    last = tag("last")
    kafka.write(f"{probe_system.prefix}image.pushed.v1", one, value.replace(one.encode(), last.encode()),
                headers | {"ce_id": last})  # same key, same partition: the copies have passed
    probes.wait_state(last, "done")
    assert probes.value("begun", one) == 1
    assert len(set(probes.told(one))) == 1


def test_bulk_work_causes_bulk_messages(probes, probe_system):
    one = tag("bulk")
    probes.start()
    probes.put("demo", one, bulk=True)
    probes.wait_state(one, "done")
    wait_for(probes.outbox_is_empty, "the outbox is empty")
    assert probes.task(one)["bulk"]
    assert not probes.told(one)
    assert any(json.loads(v)["digest"] == one for *_, v in probe_system.read("layer.fetched.bulk.v1"))


def test_postgres_restarted_in_the_middle(probes, postgres):
    tags = [tag("pg") for _ in range(60)]
    probe = probes.start()
    probes.put("demo", *tags)
    wait_for(lambda: any(probes.value("probe", one) for one in tags), "it is at work")
    postgres.restart()
    for one in tags:
        probes.wait_state(one, "done")
        assert probes.value("probe", one) == 1
    assert probe.is_running(), probe.tail()


def test_kafka_restarted_in_the_middle(probes, kafka):
    tags = [tag("bus") for _ in range(60)]
    probe = probes.start()
    probes.put("demo", *tags)
    wait_for(lambda: any(probes.value("probe", one) for one in tags), "it is at work")
    kafka.restart()
    for one in tags:
        probes.wait_state(one, "done")
        assert probes.value("probe", one) == 1
    wait_for(probes.outbox_is_empty, "everything is told")
    assert probe.is_running(), probe.tail()


def test_sigterm_finishes_the_work_in_hand(probes):
    slow = tag("slow")
    probe = probes.start()
    probes.put("slow-3", slow)
    wait_for(lambda: probes.value("begun", slow) == 1, "the handler runs")
    assert probe.stop() == 0
    assert probes.task(slow)["state"] == "done"
    assert probes.value("probe", slow) == 1
