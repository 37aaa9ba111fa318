"""kill -9 at each commit point, broker and database restarted: nothing pushed is lost."""

import pytest

from images import image_of, debian_files, layer_of
from parts import wait_for

pytestmark = pytest.mark.program("resole-gateway", "resole-fetcher", "resole-unpacker")

POINTS = ("before-transaction", "before-commit", "after-commit", "after-offset", "before-flush", "after-flush")
BASE = layer_of(debian_files({"libc6": ("2.36-9+deb12u4", "glibc")}))
READ = ("unpacked", "matched")


@pytest.fixture(scope="module")
def chain(new_system):
    system = new_system()
    system.start(*[w for w in ("gateway", "fetcher", "unpacker", "janitor") if system.has(w)])
    return system


def push(system, name):
    image = image_of([BASE, {f"srv/{name}": name}])
    system.push.image(f"crash/{name}", "1", image)
    return image.digest


@pytest.mark.parametrize("worker", ["fetcher", "unpacker"])
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_at_a_commit_point(chain, worker, point):
    chain.stop(worker)
    chain.start(worker, RESOLE_CRASH_AT=point)
    digest = push(chain, f"{worker}-{point}")
    victim = chain.processes[worker]
    wait_for(lambda: not victim.is_running(), f"{worker} dies at {point}")
    assert victim.child.returncode == -9
    chain.start(worker)
    chain.wait_image(digest, *READ)
    wait_for(chain.settled, "nothing waits")
    assert chain.value("select count(*) from image_layer l join image using (image_id) where digest = %s", (digest,)) == 2


def test_the_gateway_killed_while_events_come(chain):
    digests = [push(chain, f"gateway-{n}") for n in range(3)]
    chain.kill("gateway")
    digests += [push(chain, f"gateway-{n}") for n in range(3, 6)]
    chain.start("gateway")
    for digest in digests:
        chain.wait_image(digest, *READ)


def test_the_broker_restarted(chain, kafka):
    first = push(chain, "broker-1")
    kafka.restart()
    second = push(chain, "broker-2")
    chain.wait_image(first, *READ)
    chain.wait_image(second, *READ)
    assert all(p.is_running() for p in chain.processes.values())


def test_the_database_restarted(chain, postgres):
    first = push(chain, "database-1")
    postgres.restart()
    second = push(chain, "database-2")
    chain.wait_image(first, *READ)
    chain.wait_image(second, *READ)
    assert all(p.is_running() for p in chain.processes.values())


def test_sigterm_ends_with_zero(chain):
    digest = push(chain, "sigterm")
    chain.stop()
    chain.start()
    chain.wait_image(digest, *READ)
