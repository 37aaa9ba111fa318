"""What two builders of patches, a registry and a database can do to each other, forced: a lock that the builder needs
is held until everything stands as the test wants it."""

import contextlib

import psycopg2
import pytest

from parts import wait_for
from test_matcher import tell
from test_patch_builder import (  # noqa: F401  (fixtures among them)
    base_of, builder, chain, know, manage, patches, points_at, ready_base, release, repository, tags, wait_patch, withdraw)

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


def delete(system, repository, digest):
    """As a registry's clean-up does."""
    gone = system.push.session.delete(f"{system.push.base}/{repository}/manifests/{digest}", timeout=60)
    assert gone.status_code == 202, gone.text


def wait_state(system, patch, state):
    wait_for(lambda: system.value("select state from patch where patch_id = %s", (patch["patch_id"],)) == state, f"the patch is {state}")


def test_a_patch_that_cannot_be_announced_is_parked_and_the_image_goes_on(chain):
    ready_base(chain, "gone", "ask", team="base")
    patch = wait_patch(chain, "patch/gone", "proposed")
    approve = f"/v1/patches/{patch['patch_id']}/approve"
    delete(chain, "patch/gone", patch["new_digest"])
    chain.admin.post(approve, {})
    parked = wait_patch(chain, "patch/gone", "refused")
    assert "not in the registry" in parked["reason"] and tags(chain, "patch/gone") == ["1"]
    # the daily recheck makes it anew: the same bytes, the same name
    tell(chain, "image.due", "k", {"registry": "local", "repository": "patch/gone", "tag": "1", "cause": "recheck"})
    wait_state(chain, patch, "proposed")
    assert points_at(chain, "patch/gone", "1-resole.1") == patch["new_digest"]
    chain.admin.post(approve, {})
    wait_state(chain, patch, "announced")
    assert points_at(chain, "patch/gone", "1-resole") == patch["new_digest"] and len(patches(chain, "patch/gone")) == 1


def test_a_patch_that_cannot_be_taken_back_is_parked_and_the_image_goes_on(chain, repository, programs):
    known, found = {"CVE-2026-1001": "1.0-2", "CVE-2026-1002": "1.0-3", "CVE-2026-1003": "1.0-4"}, []
    ready_base(chain, "stuck", stuck="1.0-1")

    def fixed(cve):
        """One more fix appears."""
        found.append(cve)
        release(repository, "stuck", known[cve])
        know(chain, tool={"CVE-2026-0001": "1.0-2"}, stuck={c: known[c] for c in found})
        return wait_patch(chain, "patch/stuck", "announced", count=len(found))

    first, second = fixed("CVE-2026-1001"), fixed("CVE-2026-1002")
    delete(chain, "patch/stuck", first["new_digest"])
    withdraw(chain, programs, second)
    parked = wait_for(lambda: (lambda p: p if p["moved_back_at"] else None)(patches(chain, "patch/stuck")[1]), "it is given up")
    assert parked["state"] == "withdrawn" and parked["reason"].startswith("breaks; ") and "not in the registry" in parked["reason"]
    assert points_at(chain, "patch/stuck", "1-resole") == second["new_digest"], "where it stood: the row says so"
    third = fixed("CVE-2026-1003")
    assert points_at(chain, "patch/stuck", "1-resole") == third["new_digest"]


def test_a_lost_database_session_is_no_start(chain):
    """Four times in the midst of one build, the builder unharmed."""
    with held(chain, NUMBERS):
        ready_base(chain, "sessions")
        claim = claim_of(chain, "sessions")
        for n in range(4):
            pid = wait_for(lambda: waiting(chain), "it waits for its number")[0]
            chain.query("select pg_terminate_backend(%s)", (pid,))
            wait_for(lambda pid=pid: pid not in waiting(chain), "it notices")
            wait_for(lambda n=n: begun("sessions", chain.processes["patch-builder"]) == n + 2 or chain.query(
                "update patch_claim set next_at = now() where what = %s and next_at > now()", (claim,)), "it is begun again")
    wait_patch(chain, "patch/sessions", "announced")


@pytest.mark.parametrize("lost", ("now()", "pg_postmaster_start_time() - interval '1 second'"), ids=("crash", "restart"))
def test_a_build_is_given_up_at_its_third_start(chain, lost):
    """What the database's own restart interrupted is no start."""
    name = "third-" + ("crash" if lost == "now()" else "restart")
    chain.stop("patch-builder")
    base, _ = ready_base(chain, name)
    chain.query(f"insert into patch_claim (what, subject, session, session_at, claimed_at, starts) values (%s, %s, 1, {lost}, now(), 2)",
                (claim_of(chain, name), base.digest))
    chain.start("patch-builder")
    if lost == "now()":
        assert wait_patch(chain, f"patch/{name}", "refused")["reason"] == "started 2 times and never finished"
        assert tags(chain, f"patch/{name}") == ["1"]
    else:
        wait_patch(chain, f"patch/{name}", "announced")
