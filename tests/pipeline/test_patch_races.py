"""What two builders of patches, a registry and a database can do to each other, forced: a lock that the builder needs
is held until everything stands as the test wants it."""

import contextlib

import psycopg2
import pytest

from parts import wait_for
from test_matcher import tell
from test_patch_builder import (  # noqa: F401  (fixtures among them)
    base_of, builder, chain, manage, patches, ready_base, repository, wait_patch)

pytestmark = pytest.mark.program("resole-patch-builder", "resole-layer-writer", "resole-notifier")

NUMBERS = "select pg_advisory_xact_lock(7411200)"  # whoever names a pushed image takes it
CLAIM = "select from patch_claim where what = %s for update"


@contextlib.contextmanager
def held(system, text, *values):
    """Locked within the block; what the yielded cursor does besides is committed at its end."""
    connection = psycopg2.connect(system.postgres.url(system.database))
    try:
        with connection.cursor() as cursor:
            cursor.execute(text, values)
            yield cursor
        connection.commit()
    finally:
        connection.close()


def waiting(system, kind="Lock"):
    """Sessions of the patch builders that wait for a lock."""
    return [r["pid"] for r in system.query("select pid from pg_stat_activity where datname = %s and wait_event_type = %s"
                                           " and usename = 'resole_patch_builder'", (system.database, kind))]


def begun(name, *processes):
    """How often a build of this base was begun."""
    lines = []
    for process in processes:
        with open(process.log, encoding="utf-8") as file:
            lines += [line for line in file if '"patch begun"' in line and f"repository=patch/{name} " in line]
    return len(lines)


def claim_of(system, name):
    return "managed:" + str(system.value("select managed_id from managed_image where repository = %s", (f"patch/{name}",)))


def test_what_is_heard_of_a_base_while_it_is_built_plans_it_once(chain):
    """Its findings are those that are planned for: no reason to plan again."""
    chain.start("patch-builder")
    second = builder(chain, "second-builder")
    try:
        base = base_of("once")
        chain.push.image("patch/once", "1", base)
        wait_for(lambda: chain.value("select state from task where consumer = 'patch-builder' and topic = 'image.matched'"
                                     " and message_key = %s", (base.digest,)) == "done", "nobody looks after it, and it is heard of")
        with held(chain, NUMBERS):
            manage(chain, "patch/once")
            wait_for(lambda: waiting(chain), "one builder has pushed it and waits for its number")
            told = [tell(chain, "image.matched", f"key {n}", {"digest": base.digest, "cause": "advisory"}) for n in range(12)]
            heard = "select count(*) from task where consumer = 'patch-builder' and state = 'done' and ce_id = any (%s)"
            wait_for(lambda: chain.value(heard, (told,)) > 0, "the other builder hears of it meanwhile")
        wait_patch(chain, "patch/once", "announced")
        wait_for(lambda: chain.value(heard, (told,)) == len(told), "everything is heard")
        claim = chain.query("select * from patch_claim where what = %s", (claim_of(chain, "once"),))[0]
        assert claim["wanted_at"] is None or claim["wanted_at"] <= claim["looked_at"], "nobody wants it planned again"
        assert begun("once", chain.processes["patch-builder"], second) == 1
    finally:
        second.kill()


def test_a_builder_that_comes_late_with_its_list_plans_nothing_again(chain):
    """Two bases stand on its list; while it waits for the first one's claim, another builder does the second."""
    chain.stop("patch-builder")
    for name in ("late-first", "late-second"):
        ready_base(chain, name)
    first = claim_of(chain, "late-first")
    chain.query("insert into patch_claim (what) values (%s) on conflict do nothing", (first,))
    policy = "update managed_image set policy = %s where repository = 'patch/late-first'"
    late = None
    try:
        with held(chain, CLAIM, first) as lock:
            late = builder(chain, "late-builder")
            wait_for(lambda: waiting(chain), "it has its list and waits for the first")
            chain.query(policy, ("never",))
            chain.start("patch-builder")
            wait_patch(chain, "patch/late-second", "announced")
            lock.execute("update patch_claim set next_at = now() + interval '1 hour' where what = %s", (first,))
        other = chain.processes["patch-builder"]
        chain.stop("patch-builder")
        # the first is not free now; once it is, and is done, the late builder is past the second
        chain.query(policy, ("auto",))
        chain.query("update patch_claim set next_at = now() where what = %s", (first,))
        wait_patch(chain, "patch/late-first", "announced")
        assert (begun("late-first", late), begun("late-second", other, late)) == (1, 1)
        assert len(patches(chain, "patch/late-second")) == 1
    finally:
        late.kill()
        chain.start("patch-builder")
