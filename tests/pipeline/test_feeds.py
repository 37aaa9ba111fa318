"""Package repository indices: what is trusted, what is refused, what is told."""

import hashlib
import json
import os
import subprocess
import time
import uuid

import pytest

from debian_repository import Key, Repository
from parts import wait_for

pytestmark = pytest.mark.program("resole-fetcher")


@pytest.fixture(scope="module")
def keys(place):
    folder = os.path.join(place, "feed-keys")
    os.makedirs(folder)
    made = {name: Key(os.path.join(folder, name), name) for name in ("trusted", "stranger")}
    yield made
    for key in made.values():
        key.close()


@pytest.fixture(scope="module")
def repository(place, keys):
    repository = Repository(os.path.join(place, "feed-repository"), keys["trusted"])
    repository.add("bookworm", "hello", "1.0-1", {"usr/share/hello": "hello"})
    repository.publish("bookworm", "bookworm")
    yield repository
    repository.close()


@pytest.fixture(scope="module")
def fetcher(new_system, repository, place):
    sources = os.path.join(place, "feed-sources.list")
    with open(sources, "w") as file:
        file.write(f"deb [arch=amd64 signed-by={repository.key.public}] {repository.address} bookworm main\n")
    record = os.path.join(place, "feed-record.json")
    with open(record, "w") as file:
        json.dump({"id": "TEST-1", "affected": []}, file)
    named = os.path.join(place, "feed-named.list")
    with open(named, "w") as file:
        file.write(f"# ours\n\ndemo file:{record}  # one record\n")
    system = new_system(registry=False, settings={
        "fetcher": {"RESOLE_REPOSITORIES_FILE": sources, "RESOLE_SOURCES_FILE": named}})
    system.start("fetcher")
    return system


def due(system, source, cause="schedule"):
    event = str(uuid.uuid4())
    system.kafka.write(f"{system.prefix}feed.due.v1", source, json.dumps({"source": source, "cause": cause}).encode(),
                       {"ce_id": event, "ce_source": "/tests", "ce_specversion": "1.0",
                        "ce_type": "resole.feed.due.v1", "content-type": "application/json"})
    def settled():
        rows = system.query("select state, reason from task where consumer = 'fetcher' and ce_id = %s", (event,))
        return rows and rows[0]["state"] in ("done", "parked") and rows[0]
    return wait_for(settled, f"feed.due of {source} is done or parked")


def told(system, source):
    wait_for(lambda: system.value("select count(*) from outbox") == 0, "the outbox is empty")
    return {headers["ce_id"]: json.loads(value) for _, _, headers, _, value in system.read("feed.fetched.v1")
            if json.loads(value)["source"] == source}


def test_signed_index_is_loaded_and_told_once(fetcher):
    assert due(fetcher, "apt:bookworm")["state"] == "done"
    row = fetcher.query("select * from repository")[0]
    assert (row["state"], row["distro"], row["suite"]) == ("fresh", "debian", "bookworm")
    hexes = row["packages_digest"].split(":")[1]
    assert os.path.exists(os.path.join(fetcher.blobs, "sha256", hexes[:2], hexes))
    before = told(fetcher, "apt:bookworm")
    assert [v["blob"] for v in before.values()] == [row["packages_digest"]]
    assert due(fetcher, "apt:bookworm")["state"] == "done"
    assert told(fetcher, "apt:bookworm") == before  # nothing changed, nothing told


def test_source_at_an_address_of_the_operator(fetcher):
    """It is asked for at the start and told once, with the file's own digest."""
    record = fetcher.value("select address from source where source = 'demo'").removeprefix("file:")
    with open(record, "rb") as file:
        digest = "sha256:" + hashlib.sha256(file.read()).hexdigest()
    wait_for(lambda: fetcher.value("select digest from source where source = 'demo'") == digest, "demo is fetched")
    assert [v["blob"] for v in told(fetcher, "demo").values()] == [digest]


def test_repository_that_rests_is_looked_at_and_fresh_again(fetcher):
    assert due(fetcher, "apt:bookworm")["state"] == "done"
    fetcher.query("update source set state = 'stale', reason = 'late', loaded_at = now() - interval '9 days',"
                  " as_of = now() - interval '9 days' where source = 'apt:bookworm'")
    before = told(fetcher, "apt:bookworm")
    assert due(fetcher, "apt:bookworm")["state"] == "done"
    assert told(fetcher, "apt:bookworm") == before
    row = fetcher.query("select state, reason from source where source = 'apt:bookworm'")[0]
    assert row == {"state": "fresh", "reason": None}


@pytest.mark.parametrize("line, words", [
    ("demo ftp://somewhere/x.zip", "line 2"), ("nowhere https://somewhere/x.zip", "'nowhere'"), ("demo", "line 2")])
def test_wrong_line_of_the_operators_sources_ends_the_program(fetcher, place, line, words):
    named = os.path.join(place, "feed-wrong.list")
    with open(named, "w") as file:
        file.write(f"# ours\n{line}\n")
    done = subprocess.run([f"{fetcher.programs}/resole-fetcher"], capture_output=True, text=True, check=False, timeout=180,
                          env=dict(fetcher.environment("fetcher"), RESOLE_SOURCES_FILE=named, RESOLE_ADMIN_PORT="0"))
    assert done.returncode != 0
    assert words in done.stdout + done.stderr


def test_newer_package_is_told(fetcher, repository):
    repository.add("bookworm", "hello", "1.1-1", {"usr/share/hello": "1"})
    repository.publish("bookworm", "bookworm")
    before = told(fetcher, "apt:bookworm")
    assert due(fetcher, "apt:bookworm")["state"] == "done"
    assert len(told(fetcher, "apt:bookworm")) == len(before) + 1


def refused(fetcher, words):
    before = fetcher.query("select packages_digest, in_release_digest from repository")
    events = told(fetcher, "apt:bookworm")
    result = due(fetcher, "apt:bookworm")
    assert result["state"] == "parked"
    assert any(word in result["reason"] for word in words), result["reason"]
    assert fetcher.query("select packages_digest, in_release_digest from repository") == before
    assert told(fetcher, "apt:bookworm") == events
    assert fetcher.value("select reason from source where source = 'apt:bookworm'") == result["reason"]


def test_foreign_key_is_refused(fetcher, repository, keys):
    repository.publish("bookworm", "bookworm", key=keys["stranger"])
    refused(fetcher, ["signature", "key"])
    repository.publish("bookworm", "bookworm")


def test_expired_index_is_refused(fetcher, repository):
    repository.publish("bookworm", "bookworm", valid_for_s=-2 * 86400)
    refused(fetcher, ["Valid-Until", "expired"])
    repository.publish("bookworm", "bookworm")


def test_older_index_is_refused(fetcher, repository):
    assert due(fetcher, "apt:bookworm")["state"] == "done"
    repository.publish("bookworm", "bookworm", dated=time.time() - 2 * 86400, valid_for_s=20 * 86400)
    refused(fetcher, ["older"])
    repository.publish("bookworm", "bookworm")


def test_changed_index_bytes_are_refused(fetcher, repository):
    repository.add("bookworm", "hello", "1.2-1", {"usr/share/hello": "2"})
    repository.publish("bookworm", "bookworm")
    folder = os.path.join(repository.www, "dists/bookworm/main/binary-amd64")
    with open(os.path.join(folder, "Packages.xz"), "rb") as file:
        data = file.read()
    with open(os.path.join(folder, "by-hash/SHA256", hashlib.sha256(data).hexdigest()), "wb") as file:
        file.write(data[:20] + b"\0\0\0\0" + data[24:])
    refused(fetcher, ["digest", "size", "bytes"])
    repository.publish("bookworm", "bookworm")
    assert due(fetcher, "apt:bookworm")["state"] == "done"


def test_changelog_is_fetched_verified(fetcher, repository):
    path = repository.add("bookworm", "hello", "1.3-1", {"usr/share/hello": "3"})
    repository.publish("bookworm", "bookworm")
    with open(path, "rb") as file:
        data = file.read()
    rows = [("hello", "1.3-1", hashlib.sha256(data).hexdigest()), ("liar", "1", "0" * 64)]
    for name, version, sha256 in rows:
        fetcher.query("insert into changelog (source_name, source_version, source, address, path, sha256, bytes)"
                      " values (%s, %s, 'apt:bookworm', %s, %s, %s, %s)",
                      (name, version, repository.address, os.path.relpath(path, repository.www), sha256,
                       len(data)))
    assert due(fetcher, "apt:bookworm", "changelog")["state"] == "done"
    states = {r["source_name"]: r for r in fetcher.query("select source_name, state, reason from changelog")}
    assert states["hello"]["state"] == "fetched"
    assert states["liar"]["state"] == "failed" and "digest" in states["liar"]["reason"]
    assert told(fetcher, "changelog:apt:bookworm")


def test_unknown_source_parks(fetcher):
    result = due(fetcher, "no-such")
    assert result["state"] == "parked" and "no source is called" in result["reason"]
