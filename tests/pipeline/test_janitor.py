"""The clock: two janitors, one acting; deferred messages, budgets, schedules, repairs, retention."""

import json

import pytest

from images import image_of, layer_of
from parts import Process, free_port, wait_for
from probes import Probes, tag

pytestmark = pytest.mark.program("resole-setup", "resole-janitor")


@pytest.fixture(scope="module")
def janitors(new_system, build):
    """Two janitors over one system, and probes."""
    system = new_system(registry=False)
    probes = Probes(system, build)
    for name in ("janitor-a", "janitor-b"):
        environment = system.environment("janitor")
        environment |= {"RESOLE_ADMIN_PORT": str(free_port()), "RESOLE_JANITOR_TICK_MS": "100",
                        "RESOLE_STUCK_AFTER_S": "5", "RESOLE_REPAIRS_MOST": "2"}
        process = Process(name, [f"{system.programs}/resole-janitor"], system.folder, environment).start()
        system.processes[name] = process
        probes.living.append(process)
    yield probes
    probes.stop()


def test_what_is_due_is_sent_again_and_what_spent_its_budget_parks(janitors):
    odd, away, many = tag("odd"), tag("away"), [tag("many") for _ in range(40)]
    janitors.start()
    janitors.put("unknown", odd)
    janitors.put("away", away, *many)
    janitors.wait_state(odd, "parked")  # the probe's budget is two tries
    assert janitors.value("begun", odd) == 2
    wait_for(lambda: janitors.value("begun", away) >= 3, "the outside cause is tried again and again")
    row = janitors.task(away)
    assert row["state"] in ("deferred", "started") and row["attempts"] == 0
    for one in (away, *many):
        wait_for(lambda one=one: janitors.value("begun", one) >= 2, "sent again")
        begun = janitors.value("begun", one)  # before its row, which counts on
        assert begun <= janitors.task(one)["tries"] + 1, "one due row is sent by one janitor"


def test_schedules_fire_once_for_all_replicas(janitors):
    system = janitors.system
    for name in ("one", "two"):
        system.query("insert into source (source, format) values (%s, 'test')", (name,))
    system.query("insert into registry (name, address) values ('r', 'r.example')")
    system.query("insert into managed_image (registry_id, repository, tag) select registry_id, 'base', 'v1' from registry")
    system.query("update schedule set next_at = now() where name in ('feed.refresh', 'image.recheck')")
    wait_for(lambda: system.value("select count(*) from schedule where name in ('feed.refresh', 'image.recheck')"
                                  " and next_at > now()") == 2, "both schedules ran")
    wait_for(janitors.outbox_is_empty, "told")
    assert len(system.read("feed.due.bulk.v1")) == 2
    assert len(system.read("image.due.bulk.v1")) == 1


def test_a_stage_that_stands_still_is_woken_counted_and_parked_in_the_end(janitors):
    system = janitors.system
    digest = "sha256:" + "5" * 64
    system.query("insert into image (digest, kind, media_type, state, changed_at)"
                 " values (%s, 'image', 'm', 'unpacked', now() - interval '1 hour')", (digest,))
    wait_for(lambda: system.value("select state from image where digest = %s", (digest,)) == "parked",
             "parked after its repairs")
    assert system.value("select count from repair where what = 'matched' and key = %s", (digest,)) == 2
    assert system.value("select value from counter where name = 'repair:matched'") == 2
    assert "repairs" in system.value("select reason from image where digest = %s", (digest,))
    wait_for(janitors.outbox_is_empty, "told")
    assert len(system.read("image.unpacked.bulk.v1")) == 2


def test_a_layer_that_nobody_pulls_any_more_is_asked_for_again(janitors):
    """Who held the lease parked or died; the image that waits for the layer is woken. A live lease is left alone."""
    system = janitors.system
    registry = system.value("insert into registry (name, address) values ('pulls', 'p.example') returning registry_id")
    for number in ("6", "7"):
        layer = system.value("insert into layer (digest) values (%s) returning layer_id", ("sha256:" + number * 64,))
        image = system.value(
            "insert into image (digest, kind, media_type, state, pending, changed_at)"
            " values (%s, 'image', 'm', 'unpacking', 1, now() - interval '1 hour') returning image_id", ("sha256:" + number * 63 + "0",))
        system.query("insert into blob_lease (digest, holder, until) values (%s, 'x', now() + %s::interval)",
                     ("sha256:" + number * 64, "1 day" if number == "7" else "-1 second"))
        # Last what makes it one to wake: the janitors look in between.
        system.query("insert into image_place (registry_id, repository, image_id) values (%s, 'r', %s)", (registry, image))
        system.query("insert into image_layer (image_id, position, layer_id, chain_id) values (%s, 0, %s, sha256('c'))", (image, layer))
    wait_for(lambda: system.value("select count from repair where what = 'pulled' and key = %s", ("sha256:" + "6" * 63 + "0",)),
             "asked for again")
    wait_for(janitors.outbox_is_empty, "told")
    keys = {json.loads(r[4]).get("digest") for r in system.read("image.due.bulk.v1")}
    assert "sha256:" + "6" * 63 + "0" in keys and "sha256:" + "7" * 63 + "0" not in keys
    system.query("update image set state = 'recorded', pending = 0 where digest like %s", ("sha256:77777%",))


def test_old_rows_go_and_dates_are_kept(janitors):
    system = janitors.system
    system.query("insert into task (consumer, ce_source, ce_id, topic, state, changed_at)"
                 " values ('x', 'old', 'done', 'image.pushed', 'done', now() - interval '40 days'),"
                 " ('x', 'old', 'parked', 'image.pushed', 'parked', now() - interval '400 days')")
    system.query("insert into source (source, format, state, loaded_at, max_age_s)"
                 " values ('ancient', 'test', 'fresh', now() - interval '9 days', 86400)")
    system.query("insert into source (source, format, state, loaded_at, fetched_at, max_age_s)"
                 " values ('resting', 'test', 'fresh', now() - interval '9 days', now(), 86400)")
    system.query("update schedule set next_at = now() where name in ('retention', 'dates')")
    wait_for(lambda: system.value("select state from source where source = 'ancient'") == "stale", "said to be stale")
    assert system.value("select state from source where source = 'resting'") == "fresh", "looked at, nothing new"
    wait_for(lambda: system.value("select count(*) from task where ce_source = 'old' and state = 'done'") == 0,
             "done tasks are forgotten")
    assert system.value("select count(*) from task where ce_source = 'old'") == 1, "parked ones never are"


@pytest.mark.program("resole-fetcher")
def test_a_push_whose_event_was_lost_is_found_by_the_sweep(new_system):
    """No gateway hears the registry, so its events are lost; the catalogue is not. Counted as a repair."""
    system = new_system(settings={"janitor": {"RESOLE_JANITOR_TICK_MS": "100", "RESOLE_SWEEP_EVERY_S": "1",
                                               "RESOLE_STUCK_AFTER_S": "60"}})
    image = image_of([layer_of({"etc/motd": b"lost"})])
    system.push.image("demo/lost", "v1", image)
    system.start("fetcher", "janitor")
    wait_for(lambda: system.image_state(image.digest), "the fetcher knows the image")
    wait_for(lambda: system.value("select digest from tag where name = 'v1'") == image.digest, "and its tag")
    assert system.value("select value from counter where name = 'repair:sweep'") == 1
    moved = image_of([layer_of({"etc/motd": b"moved"})])
    system.push.image("demo/lost", "v1", moved)
    wait_for(lambda: system.value("select digest from tag where name = 'v1'") == moved.digest, "a moved tag is seen")
    assert system.value("select value from counter where name = 'repair:sweep'") == 2
