"""From "a fix appears" to "the team knows": a signed repository gains a newer package while everything
runs. The seconds are printed, never asserted."""

import json
import os
import subprocess
import time

import pytest

from debian_repository import Key, Repository
from images import debian_files, image_of, layer_of
from parts import wait_for

pytestmark = pytest.mark.program("resole", "resole-gateway", "resole-fetcher", "resole-unpacker", "resole-matcher",
                                 "resole-patch-builder", "resole-notifier", "resole-janitor")

CHANGES = """libfix (1.1-1) bookworm-security; urgency=high

  * Fix CVE-2026-1234: the answer was wrong.

 -- A <a@example.org>  Sat, 01 Nov 2025 09:12:00 +0000

libfix (1.0-1) bookworm; urgency=low

  * First.

 -- A <a@example.org>  Sat, 01 Nov 2024 09:12:00 +0000
"""


@pytest.fixture(scope="module")
def repository(place):
    key = Key(os.path.join(place, "fix-key"))
    repository = Repository(os.path.join(place, "fix-repository"), key)
    repository.add("bookworm-security", "libfix", "1.0-1", {"usr/share/libfix/answer": "41\n"})
    repository.publish("bookworm-security", "bookworm-security")
    yield repository
    repository.close()
    key.close()


@pytest.fixture(scope="module")
def watched(new_system, repository, place):
    """A managed base, an application of team shop on it, both judged; nothing to patch yet."""
    sources = os.path.join(place, "fix-sources.list")
    with open(sources, "w", encoding="utf-8") as file:
        file.write(f"deb [arch=amd64 signed-by={repository.key.public}] {repository.address} bookworm-security main\n")
    system = new_system(settings={
        "fetcher": {"RESOLE_REPOSITORIES_FILE": sources},
        "patch-builder": {"RESOLE_REPOSITORIES_FILE": sources, "RESOLE_PRIVATE_HOSTS": "127.0.0.1"},
        "janitor": {"RESOLE_FEEDS_EVERY_S": "10"}})
    base = layer_of(debian_files({"dpkg": "1.21.22", "libc6": ("2.36-9+deb12u13", "glibc"), "libfix": "1.0-1"}) | {"usr/share/libfix/answer": "41\n"})
    system.base = image_of([base])
    system.application = image_of([base, {"srv/shop": "shop"}])
    system.start()
    system.admin.post("/v1/teams", {"team": "shop"})
    system.admin.post("/v1/applications", {"application": "shop", "team": "shop"})
    system.admin.post("/v1/subscriptions", {"team": "shop", "channel": "kafka"})
    system.push.image("fix/base", "1", system.base)
    system.push.image("fix/shop", "1", system.application)
    system.wait_image(system.base.digest)
    system.wait_image(system.application.digest)
    system.admin.post("/v1/usage", {"application": "shop", "digest": system.application.digest})
    system.admin.post("/v1/images/manage", {"registry": "local", "repository": "fix/base", "tag": "1", "kind": "stack",
                                            "policy": "auto", "rebase_policy": "ask", "team": "shop"})
    wait_for(lambda: system.value("select state from source where source = 'apt:bookworm'") == "fresh", "the repository is read")
    wait_for(lambda: system.value("select count(*) from patch_claim where looked_digest = %s", (system.base.digest,)) == 1,
             "there was nothing to patch")
    return system


def test_from_a_fix_to_the_team_and_to_the_rebased_application(watched, repository, build, place):
    watched_patch = ("select patch_id, new_digest, reference, state, reason from patch"
                     " where old_digest = %s and new_digest is not null")

    def built():
        rows = watched.query(watched_patch, (watched.base.digest,))
        return rows and rows[0]

    def alert():
        for _, _, headers, _, value in watched.read("alert.patch.v1"):
            value = json.loads(value)
            if value["application"] == "shop" and value["kind"] == "available":
                return headers["ce_id"], value
        return None

    assert built() == []
    repository.add("bookworm-security", "libfix", "1.1-1", {"usr/share/libfix/answer": "42\n"}, changelog=CHANGES)
    repository.publish("bookworm-security", "bookworm-security")
    begun = time.monotonic()
    patch = wait_for(built, "a patched base", every_s=0.25)
    pushed = time.monotonic() - begun
    assert watched.push.get("fix/base", "1-resole.1")[0] == patch["new_digest"]
    _, value = wait_for(alert, "an alert at a subscriber", every_s=0.25)
    told = time.monotonic() - begun
    assert watched.push.get("fix/base", "1-resole")[0] == patch["new_digest"]
    assert [f["vulnerability"] for f in value["details"]["fixed"]] == ["CVE-2026-1234"]
    assert value["details"]["packages"] == [{"name": "libfix", "old": "1.0-1", "new": "1.1-1"}]
    token = watched.token("shop", "team", "shop")
    asked = time.monotonic()
    subprocess.run([os.path.join(build, "bin/resole"), "patches", "approve", str(patch["patch_id"]), "--application", "shop"],
                   env=dict(os.environ, RESOLE_GATEWAY_URL=watched.url, RESOLE_TOKEN=token), check=True, timeout=60)
    consent = wait_for(lambda: watched.query("select new_digest, reference from consent where state = 'applied'"),
                       "the rebased application", every_s=0.25)[0]
    rebased = time.monotonic() - asked
    found = watched.push.get("fix/shop", "1-resole")
    assert found[0] == consent["new_digest"]
    watched.wait_image(consent["new_digest"])
    assert ("deb", "libfix", "1.1-1") in {p[1:] for p in watched.packages(consent["new_digest"])}
    print(f"\nfrom the new InRelease: patched base pushed {pushed:.1f} s, alert received {told:.1f} s;"
          f" from the approval: rebased application pushed {rebased:.1f} s")
