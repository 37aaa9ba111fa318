"""The patch builder as the system runs it: what is patched, who decides, which tags move, what a kill leaves.
Bases are small Debian roots; their fix lies in a signed repository of our own, made with Debian's tools."""

import hashlib
import json
import os
import subprocess

import jsonschema
import pytest

from debian_repository import Key, Repository
from images import Pusher, debian_files, image_of, layer_of
from parts import ROOT, Process, Registry, free_port, wait_for
from test_matcher import blob, tell

pytestmark = pytest.mark.program("resole-patch-builder", "resole-layer-writer", "resole-notifier")

BOTH = "amd64 arm64"


@pytest.fixture(scope="module")
def repository(place, request):
    folder = os.path.join(place, f"{request.module.__name__}-server")
    os.makedirs(folder)
    key = Key(os.path.join(folder, "key"))
    repository = Repository(os.path.join(folder, "repository"), key)
    for architecture in BOTH.split():
        repository.add("bookworm", "tool", "1.0-1", {"usr/share/doc/tool/copyright": "tool 1.0-1\n"}, architecture=architecture)
    release(repository, "tool", "1.0-2")
    repository.publish("bookworm", "bookworm", architecture=BOTH)
    yield repository
    repository.close()
    key.close()


def release(repository, name, version):
    for architecture in BOTH.split():
        repository.add("bookworm-security", name, version, {f"usr/share/doc/{name}/copyright": f"{name} {version}\n"},
                       architecture=architecture)
    repository.publish("bookworm-security", "bookworm-security", architecture=BOTH)


@pytest.fixture(scope="module")
def chain(new_system, repository):
    sources = os.path.join(repository.folder, "sources.list")
    with open(sources, "w", encoding="utf-8") as file:
        for suite in ("bookworm", "bookworm-security"):
            file.write(f"deb [signed-by={repository.key.public}] {repository.address} {suite} main\n")
    system = new_system(settings={"patch-builder": {"RESOLE_REPOSITORIES_FILE": sources, "RESOLE_PRIVATE_HOSTS": "127.0.0.1"}})
    system.query("insert into source (source, format, as_of) values ('debian-tracker', 'debian-tracker', now())")
    system.start()
    know(system, tool={"CVE-2026-0001": "1.0-2"})
    system.admin.post("/v1/teams", {"team": "base"})
    system.admin.post("/v1/teams", {"team": "shop"})
    return system


def know(system, **sources):
    """The tracker says so: source={cve: fixed version}."""
    document = {source: {cve: {"releases": {"bookworm": {"status": "resolved", "fixed_version": version, "urgency": "high"}}}
                         for cve, version in cves.items()} for source, cves in sources.items()}
    data = json.dumps(document).encode()
    event = tell(system, "feed.fetched", "debian-tracker", {"source": "debian-tracker", "blob": blob(system, data), "bytes": len(data),
                                                            "as_of": "2026-01-02T03:04:05Z"})
    wait_for(lambda: system.value("select state from task where ce_id = %s", (event,)) == "done", "the feed is read")


def root(salt, architecture="amd64", **packages):
    return layer_of(debian_files({"libc6": "2.36-9", **(packages or {"tool": "1.0-1"})}, salt, architecture))


def base_of(salt, architecture="amd64", **packages):
    return image_of([root(salt, architecture, **packages)], architecture)


def on(base, salt, architecture="amd64"):
    return image_of(base.layers + [layer_of({f"srv/{salt}": salt})], architecture)


def manage(system, repository, policy="auto", rebase_policy="ask", team=None, registry="local"):
    body = {"registry": registry, "repository": repository, "tag": "1", "policy": policy, "rebase_policy": rebase_policy}
    system.admin.post("/v1/images/manage", dict(body, **({"team": team} if team else {})))


def patches(system, repository):
    return system.query("select p.* from patch p join managed_image m using (managed_id) where m.repository = %s order by patch_id",
                        (repository,))


def wait_patch(system, repository, *states, count=1):
    """The newest patch, once it is in one of the states; another state that is final is told at once."""
    final = {"refused", "not-better", "announced", "declined", "withdrawn"} | set(states)

    def last():
        rows = patches(system, repository)
        return rows and len(rows) >= count and rows[-1]["state"] in final and rows[-1]
    row = wait_for(last, f"patch {count} of {repository} is {' or '.join(states)}")
    assert row["state"] in states, (row["state"], row["rule"], row["reason"])
    return row


def consents(system, patch):
    return {r["application"]: r for r in system.query("select * from consent where patch_id = %s", (patch["patch_id"],))}


def uses(system, application, digest):
    system.admin.post("/v1/applications", {"application": application, "team": "shop"})
    system.admin.post("/v1/usage", {"application": application, "digest": digest})


def alerts(system, application, kind):
    return system.query("select * from alert where application = %s and kind = 'patch' and step = %s", (application, kind))


def tags(system, repository):
    return sorted(system.push.tags(repository))


def builder(system, name, **extra):
    """One more builder of the system, not waited for."""
    environment = dict(system.environment("patch-builder"), RESOLE_ADMIN_PORT=str(free_port()), **extra)
    return Process(name, [f"{system.programs}/resole-patch-builder"], system.folder, environment).start()


def points_at(system, repository, tag):
    found = system.push.get(repository, tag)
    return found and found[0]


def test_every_platform_of_an_index_is_patched_and_rebased(chain):
    bases = {f"linux/{a}": base_of("index", a) for a in ("amd64", "arm64")}
    apps = {f"linux/{a}": on(bases[f"linux/{a}"], "index-app", a) for a in ("amd64", "arm64")}
    old = chain.push.index("patch/index", "1", bases)
    top = chain.push.index("patch/index-app", "1", apps)
    for image in (*bases.values(), *apps.values()):
        chain.wait_image(image.digest)
    uses(chain, "index-app", top)
    manage(chain, "patch/index")
    patch = wait_patch(chain, "patch/index", "announced")
    assert (patch["old_digest"], patch["class"], len(patch["fixed"]), patch["remaining"]) == (old, "automatic", 1, [])
    assert patch["packages"] == [{"name": "tool", "old": "1.0-1", "new": "1.0-2"}]
    new, index = chain.push.get("patch/index", "1-resole.1")
    assert (patch["new_digest"], points_at(chain, "patch/index", "1-resole")) == (new, new)
    assert [c["platform"]["architecture"] for c in index["manifests"]] == ["amd64", "arm64"]
    for child, base in zip(index["manifests"], bases.values()):
        layers = chain.push.get("patch/index", child["digest"])[1]["layers"]
        assert [layer["digest"] for layer in layers[:-1]] == [layer.digest for layer in base.layers]
    assert points_at(chain, "patch/index", "1") == old
    wait_for(lambda: alerts(chain, "index-app", "available"), "one alert")
    chain.admin.post(f"/v1/patches/{patch['patch_id']}/approve", {"application": "index-app"})
    done = wait_for(lambda: (lambda c: c if c["state"] in ("applied", "failed") else None)(consents(chain, patch)["index-app"]), "rebased")
    assert (done["state"], done["reason"], done["old_digest"]) == ("applied", None, top)
    digest, index = chain.push.get("patch/index-app", "1-resole")
    assert digest == done["new_digest"] == points_at(chain, "patch/index-app", "1-resole.1")
    for child in index["manifests"]:
        chain.wait_image(child["digest"])
        assert ("tool", "1.0-2") in {p[2:] for p in chain.packages(child["digest"])}
    wait_for(lambda: alerts(chain, "index-app", "applied"), "told that it is done")
    assert chain.value("select count(*) from alert where application = 'index-app' and kind = 'patch' and step = 'available'") == 1


def ready_base(chain, name, policy="auto", rebase_policy="ask", team=None, app=None, **packages):
    """A base (and an application on it) pushed, judged, managed. Returns (base, application image)."""
    base = base_of(name, **packages)
    image = on(base, f"{name}-app") if app else None
    if app:
        chain.push.image(f"patch/{name}-app", "1", image)
    chain.push.image(f"patch/{name}", "1", base)
    for each in filter(None, (base, image)):
        chain.wait_image(each.digest)
    if app:
        uses(chain, app, image.digest)
    manage(chain, f"patch/{name}", policy, rebase_policy, team)
    return base, image


def test_policy_ask_proposes_and_a_person_decides(chain):
    base, _ = ready_base(chain, "ask", "ask", team="base", app="ask-app")
    patch = wait_patch(chain, "patch/ask", "proposed")
    path = f"/v1/patches/{patch['patch_id']}/approve"
    # pushed to be scanned, but neither the moving tag nor the teams know of it
    assert tags(chain, "patch/ask") == ["1", "1-resole.1"]
    asked = wait_for(lambda: alerts(chain, "", "proposed"), "who looks after the image is asked")[0]
    assert (asked["team"], asked["body"]["patch"]) == ("base", patch["patch_id"])
    assert asked["body"]["details"]["approve"]["command"] == f"resole patches approve {patch['patch_id']}"
    assert chain.admin.call("POST", path, json={"application": "ask-app"}).status_code == 409
    shop = type(chain.admin)(chain.url, chain.token("ask-shop", "team", "shop"))
    assert shop.call("POST", path, json={}).status_code == 404  # another team's matter
    chain.query("update patch set expires_at = now() - interval '1 s' where patch_id = %s", (patch["patch_id"],))
    assert chain.admin.call("POST", path, json={}).status_code == 409
    wait_patch(chain, "patch/ask", "expired")
    # the daily recheck proposes it anew
    tell(chain, "image.due", "k", {"registry": "local", "repository": "patch/ask", "tag": "1", "cause": "recheck"})
    wait_patch(chain, "patch/ask", "proposed")
    assert alerts(chain, "ask-app", "available") == [] and consents(chain, patch) == {}
    mine = type(chain.admin)(chain.url, chain.token("ask-base", "team", "base"))
    assert mine.post(path, {})["state"] == "proved"
    patch = wait_patch(chain, "patch/ask", "announced")
    assert (patch["decided_by"], points_at(chain, "patch/ask", "1-resole")) == ("ask-base", patch["new_digest"])
    assert tags(chain, "patch/ask") == ["1", "1-resole", "1-resole.1"] and points_at(chain, "patch/ask", "1") == base.digest
    wait_for(lambda: alerts(chain, "ask-app", "available"), "then the teams know")


def test_what_is_declined_or_never_does_not_happen(chain):
    ready_base(chain, "never", "never")
    ready_base(chain, "no", "ask", team="base")
    patch = wait_patch(chain, "patch/no", "proposed")
    assert chain.admin.post(f"/v1/patches/{patch['patch_id']}/decline", {"reason": "freeze"})["state"] == "declined"
    tell(chain, "image.due", "k", {"registry": "local", "repository": "patch/no", "tag": "1", "cause": "recheck"})
    # one that is managed later is through the whole builder by then
    _, image = ready_base(chain, "later", "auto", "never", app="later-app")
    later = wait_patch(chain, "patch/later", "announced")
    assert patches(chain, "patch/never") == []
    assert [p["state"] for p in patches(chain, "patch/no")] == ["declined"]
    assert tags(chain, "patch/no") == ["1", "1-resole.1"] and tags(chain, "patch/never") == ["1"]
    # applications on it: policy never
    told = wait_for(lambda: alerts(chain, "later-app", "available"), "the team knows")[0]["body"]["details"]
    assert "approve" not in told and "expires_at" not in told
    refused = chain.admin.call("POST", f"/v1/patches/{later['patch_id']}/approve", json={"application": "later-app"})
    assert refused.status_code == 409 and "never" in refused.text
    assert consents(chain, later) == {} and image.digest == points_at(chain, "patch/later-app", "1")


def test_applications_are_asked_or_not_as_the_policy_says(chain):
    ready_base(chain, "auto", "auto", "auto", app="auto-app")
    patch = wait_patch(chain, "patch/auto", "announced")
    done = wait_for(lambda: (lambda c: c.get("auto-app") if c.get("auto-app", {}).get("state") == "applied" else None)(
        consents(chain, patch)), "nobody is asked")
    assert done["decided_by"] == "policy" and done["new_digest"] == points_at(chain, "patch/auto-app", "1-resole")
    ready_base(chain, "asked", "auto", "ask", app="asked-app")
    other = wait_patch(chain, "patch/asked", "announced")
    wait_for(lambda: consents(chain, other).get("asked-app", {}).get("state") == "asked", "asked")
    path = f"/v1/patches/{other['patch_id']}"
    assert chain.admin.post(f"{path}/decline", {"application": "asked-app"})["consents"][0]["state"] == "declined"
    chain.query("update consent set expires_at = now() - interval '1 s' where patch_id = %s", (other["patch_id"],))
    assert chain.admin.call("POST", f"{path}/approve", json={"application": "asked-app"}).status_code == 409
    chain.query("update consent set expires_at = now() + interval '1 h' where patch_id = %s", (other["patch_id"],))
    # consent is to the digest that was looked at
    assert chain.admin.call("POST", f"{path}/approve", json={"application": "asked-app", "digest": "sha256:" + "0" * 64}).status_code == 409
    assert tags(chain, "patch/asked-app") == ["1"]
    # the rebased image stands on the new base: what is used from now on is asked nothing
    uses(chain, "auto-app", done["new_digest"])
    chain.wait_image(done["new_digest"])
    wait_for(chain.settled, "everything is heard")
    assert list(consents(chain, patch)) == ["auto-app"] and chain.value("select count(*) from consent where patch_id = %s", (patch["patch_id"],)) == 1


def test_a_failed_plan_is_made_again_and_a_withdrawn_patch_goes_back(chain, repository, programs):
    base, _ = ready_base(chain, "late", "auto", "auto", late="1.0-1", app="late-app")
    know(chain, tool={"CVE-2026-0001": "1.0-2"}, late={"CVE-2026-0002": "1.0-2"})
    row = wait_patch(chain, "patch/late", "not-better", "refused")
    assert row["new_digest"] is None and tags(chain, "patch/late") == ["1"]
    release(repository, "late", "1.0-2")
    tell(chain, "image.due", "k", {"registry": "local", "repository": "patch/late", "tag": "1", "cause": "recheck"})
    first = wait_patch(chain, "patch/late", "announced", count=2)
    # a new fix of what is patched already is a new patch
    release(repository, "late", "1.0-3")
    know(chain, tool={"CVE-2026-0001": "1.0-2"}, late={"CVE-2026-0002": "1.0-2", "CVE-2026-0003": "1.0-3"})
    second = wait_patch(chain, "patch/late", "announced", count=3)
    assert [p["number"] for p in patches(chain, "patch/late")] == [None, 1, 2]
    assert points_at(chain, "patch/late", "1-resole") == second["new_digest"] == points_at(chain, "patch/late", "1-resole.2")
    assert patches(chain, "patch/late")[1]["state"] == "superseded"
    for step in ("available", "applied"):
        wait_for(lambda step=step: [a for a in alerts(chain, "late-app", step)
                                    if a["body"]["details"].get("patch") == second["patch_id"]], f"{step} is told of it")
    withdraw(chain, programs, second)
    wait_for(lambda: points_at(chain, "patch/late", "1-resole") == first["new_digest"], "the tag goes back to the patch before")
    wait_for(lambda: patches(chain, "patch/late")[1]["state"] == "announced", "which holds again")
    told = wait_for(lambda: alerts(chain, "late-app", "withdrawn"), "who was told of it knows")[0]["body"]["details"]
    assert (told["patch"], told["holds_again"]) == (second["patch_id"], first["reference"])
    withdraw(chain, programs, first)
    wait_for(lambda: points_at(chain, "patch/late", "1-resole") == base.digest, "then to the image itself")
    tell(chain, "image.due", "k", {"registry": "local", "repository": "patch/late", "tag": "1", "cause": "recheck"})
    wait_for(chain.settled, "everything is heard")
    assert [p["state"] for p in patches(chain, "patch/late")][1:] == ["withdrawn", "withdrawn"]


def test_a_base_in_another_registry(chain):
    """Its blobs are copied, where they cannot be mounted."""
    secret = "elsewhere"
    other = Registry(chain.folder, f"{chain.url}/v1/events/other", secret, name="other").start()
    try:
        chain.query("insert into registry (name, address, plain_http, private_ok, event_secret) values ('other', %s, true, true, %s)",
                    (other.address, hashlib.sha256(secret.encode()).hexdigest()))
        base = base_of("elsewhere")
        image = on(base, "elsewhere-app")
        there = Pusher(other.address)
        there.image("base/elsewhere", "1", base)
        chain.push.image("patch/elsewhere-app", "1", image)
        for each in (base, image):
            chain.wait_image(each.digest)
        uses(chain, "elsewhere-app", image.digest)
        manage(chain, "base/elsewhere", "auto", "auto", registry="other")
        patch = wait_patch(chain, "base/elsewhere", "announced")
        assert there.get("base/elsewhere", "1-resole")[0] == patch["new_digest"]
        done = wait_for(lambda: (lambda c: c if c["state"] in ("applied", "failed") else None)(
            consents(chain, patch)["elsewhere-app"]), "rebased")
        assert (done["state"], done["reason"]) == ("applied", None)
        digest, manifest = chain.push.get("patch/elsewhere-app", "1-resole")
        patched = there.get("base/elsewhere", "1-resole")[1]["layers"]
        assert digest == done["new_digest"] and [l["digest"] for l in manifest["layers"][:len(patched)]] == [l["digest"] for l in patched]
        chain.wait_image(digest)
        assert ("tool", "1.0-2") in {p[2:] for p in chain.packages(digest)}
    finally:
        other.kill()
        chain.query("update managed_image set policy = 'never' where repository = 'base/elsewhere'")


def withdraw(system, programs, patch):
    done = subprocess.run([f"{programs}/resole", "images", "rollback", str(patch["patch_id"]), "--reason", "breaks"],
                          env=dict(os.environ, RESOLE_GATEWAY_URL=system.url, RESOLE_TOKEN=system.token(f"roll{patch['patch_id']}", "admin")),
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and "withdrawn" in done.stdout, done


def test_two_builders_never_build_the_same(chain):
    chain.stop("patch-builder")
    names = [f"race{n}" for n in range(4)]
    for name in names:
        ready_base(chain, name, "auto", "auto", app=f"{name}-app")
    log = os.path.join(chain.folder, "patch-builder.log")
    begin = os.path.getsize(log)
    second = builder(chain, "second-builder")
    try:
        chain.start("patch-builder")
        for name in names:
            patch = wait_patch(chain, f"patch/{name}", "announced")
            wait_for(lambda p=patch, n=name: consents(chain, p)[f"{n}-app"]["state"] == "applied", "rebased")
    finally:
        second.kill()
    with open(log, encoding="utf-8") as file:
        file.seek(begin)
        lines = file.readlines()
    with open(second.log, encoding="utf-8") as file:
        lines += file.readlines()
    for name in names:
        assert len([line for line in lines if '"patch begun"' in line and f"repository=patch/{name} " in line]) == 1
        assert len([line for line in lines if '"rebase begun"' in line and f"application={name}-app " in line]) == 1
        for repository in (f"patch/{name}", f"patch/{name}-app"):
            assert tags(chain, repository) == ["1", "1-resole", "1-resole.1"]


# Where the builder is killed, one life after another. POINT:N is its Nth passing in that life: the plan's, then the
# announcement's (moved, claimed), then the rebase's. No work dies twice: its third start would be given up.
LIVES = [("claimed", "moved", "claimed:2"), ("pushed", "numbered:2"), ("numbered", "pushed:2"), ("saving", "moved:2"), ("saving:2",),
         ("saved", "before-flush", "after-flush")]


@pytest.mark.parametrize("lives", LIVES, ids="+".join)
def test_a_builder_killed_at_its_commit_points(chain, lives):
    """No number twice, no tag to half an image, one patch, and it arrives."""
    name = "kill-" + "-".join(lives).replace(":", "")
    chain.stop("patch-builder")
    ready_base(chain, name, "auto", "auto", app=f"{name}-app")
    for point in lives:
        victim = builder(chain, "victim", RESOLE_CRASH_AT=point)
        wait_for(lambda: not victim.is_running(), f"the builder dies at {point}")  # pylint: disable=cell-var-from-loop
        assert victim.child.returncode == -9, victim.tail()
    chain.start("patch-builder")
    patch = wait_patch(chain, f"patch/{name}", "announced")
    done = wait_for(lambda: (lambda c: c if c["state"] == "applied" else None)(consents(chain, patch)[f"{name}-app"]), "rebased")
    assert len(patches(chain, f"patch/{name}")) == 1
    for repository, digest in ((f"patch/{name}", patch["new_digest"]), (f"patch/{name}-app", done["new_digest"])):
        assert tags(chain, repository) == ["1", "1-resole", "1-resole.1"]
        assert points_at(chain, repository, "1-resole") == points_at(chain, repository, "1-resole.1") == digest
    wait_for(lambda: alerts(chain, f"{name}-app", "applied"), "the team knows")
    wait_for(chain.settled, "everything is heard")
    assert [len(alerts(chain, f"{name}-app", kind)) for kind in ("available", "applied")] == [1, 1]


def test_every_alert_says_what_its_schema_promises(chain):
    """Of all that the tests before caused: each kind, as it was sent."""
    with open(f"{ROOT}/schemas/topics/alert.patch.schema.json", encoding="utf-8") as file:
        schema = json.load(file)
    whole = jsonschema.Draft202012Validator(schema)
    by_kind = jsonschema.Draft202012Validator({"$defs": schema["$defs"], **schema["$defs"]["by_kind"]})
    told = [json.loads(record[4]) for record in chain.read("alert.patch.v1")]
    for alert in told:
        whole.validate(alert)
        by_kind.validate(alert)
    assert {"available", "applied", "withdrawn", "proposed"} <= {alert["kind"] for alert in told}
    broken = next(json.loads(json.dumps(a)) for a in told if a["kind"] == "available" and a["details"]["policy"] == "ask")
    for gone in ("old_digest", "packages", "remaining", "class", "bytes", "approve", "expires_at"):
        without = dict(broken, details={k: v for k, v in broken["details"].items() if k != gone})
        assert not by_kind.is_valid(without), gone
