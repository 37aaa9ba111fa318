"""Races, forced: a row that all of them need is held until they wait for it, in a chosen order."""

import contextlib
import json
import uuid

import psycopg2
import pytest

from images import image_of, layer_of
from parts import Process, free_port, wait_for

pytestmark = pytest.mark.program("resole-gateway", "resole-fetcher", "resole-unpacker")


@pytest.fixture(scope="module")
def racing(new_system):
    system = new_system()
    system.start("gateway", "fetcher")
    return system


def fresh_layer():
    return layer_of({"etc/salt": uuid.uuid4().hex})


@contextlib.contextmanager
def held(system, text, value):
    """The row is locked within the block."""
    connection = psycopg2.connect(system.postgres.url(system.database))
    try:
        with connection.cursor() as cursor:
            cursor.execute(text, (value,))
            assert cursor.rowcount == 1
            yield
        connection.rollback()
    finally:
        connection.close()


def wait_waiting(system, count):
    wait_for(lambda: system.value("select count(*) from pg_stat_activity where datname = %s and wait_event_type = 'Lock'",
                                  (system.database,)) >= count, f"{count} wait for the row")


def times_unpacked(system, digest):
    """Different messages; copies of one have one id."""
    return len({r[2]["ce_id"] for topic in ("image.unpacked.v1", "image.unpacked.bulk.v1") for r in system.read(topic)
                if json.loads(r[4])["digest"] == digest})


@pytest.mark.parametrize("first", ["unpacker", "fetcher"])
def test_fetcher_and_unpacker_meet_on_a_layer(racing, first):
    shared = fresh_layer()
    one, two = image_of([shared]), image_of([shared], config={"Cmd": ["two"]})
    racing.push.image(f"meet/{first}-one", "1", one)
    wait_for(lambda: racing.image_state(one.digest) == "unpacking", "the first image waits for its layer")
    steps = [lambda: racing.start("unpacker"), lambda: racing.push.image(f"meet/{first}-two", "1", two)]
    with held(racing, "select 1 from layer where digest = %s for update", shared.digest):
        for count, step in enumerate(steps if first == "unpacker" else reversed(steps), 1):
            step()
            wait_waiting(racing, count)
    for image in (one, two):
        racing.wait_image(image.digest, "unpacked")
        assert racing.value("select pending from image where digest = %s", (image.digest,)) == 0
    wait_for(racing.settled, "everything is told")
    assert times_unpacked(racing, one.digest) >= 1 and times_unpacked(racing, two.digest) >= 1
    racing.stop("unpacker")


def test_two_unpackers_finish_sibling_layers_of_one_image_at_once(racing):
    layers = [fresh_layer() for _ in range(24)]  # so many that both have some
    image = image_of(layers)
    racing.push.image("siblings/a", "1", image)
    wait_for(lambda: racing.image_state(image.digest) == "unpacking", "the image waits for its layers")
    environment = racing.environment("unpacker") | {"RESOLE_ADMIN_PORT": str(free_port())}
    with held(racing, "select 1 from image where digest = %s for update", image.digest):
        racing.processes["unpacker-2"] = Process("unpacker-2", [f"{racing.programs}/resole-unpacker"], racing.folder, environment).start()
        racing.start("unpacker")
        wait_waiting(racing, 2)
    racing.wait_image(image.digest, "unpacked")
    wait_for(racing.settled, "everything is told")
    assert racing.value("select pending from image where digest = %s", (image.digest,)) == 0
    assert racing.value("select count(*) from layer where digest = any (%s) and state = 'read'", ([l.digest for l in layers],)) == 24
    assert times_unpacked(racing, image.digest) == 1, "whoever finished last told it, and he alone"
    racing.stop("unpacker", "unpacker-2")
