"""The fetcher alone: events written to its topic, what it records, pulls and says."""

import gzip
import json
import os
import uuid

import pytest

from images import CONFIG, MANIFEST, compact, digest_of, image_of, layer_of
from parts import wait_for
from receivers import Unwell

pytestmark = pytest.mark.program("resole-fetcher")


@pytest.fixture(scope="module")
def alone(new_system):
    system = new_system()
    system.start("fetcher")
    return system


def repository():
    return f"fetch/{uuid.uuid4().hex[:12]}"


def fresh_layer(**files):
    return layer_of({"etc/salt": uuid.uuid4().hex, **files})


def tell(system, repo, tag=None, digest=None, action="push", event=None, lane="", registry="local"):
    """An image.pushed as any producer may write it; returns its id."""
    event = event or str(uuid.uuid4())
    value = {"registry": registry, "repository": repo, "action": action, "cause": "push"}
    value.update({k: v for k, v in (("tag", tag), ("digest", digest)) if v})
    system.kafka.write(f"{system.prefix}image.pushed{lane}.v1", repo, json.dumps(value).encode(),
                       {"ce_id": event, "ce_source": "/tests", "ce_specversion": "1.0",
                        "ce_type": "resole.image.pushed.v1", "content-type": "application/json"})
    return event


def task(system, event):
    rows = system.query("select state, reason from task where consumer = 'fetcher' and ce_id = %s", (event,))
    return rows[0] if rows else {"state": None, "reason": None}


def done(system, event, state="done"):
    wait_for(lambda: task(system, event)["state"] == state, f"the fetcher's task is {state}")
    wait_for(lambda: system.value("select count(*) from outbox") == 0, "the outbox is empty")
    return task(system, event)


def told(system, topic, digest):
    """Distinct events about a digest: copies of one event have one id."""
    found = {}
    for _, _, headers, _, value in system.read(f"{topic}.v1"):
        if json.loads(value).get("digest") == digest:
            found[headers["ce_id"]] = json.loads(value)
    return list(found.values())


def test_push_is_recorded_and_its_layers_pulled(alone):
    repo, layers = repository(), [fresh_layer(), fresh_layer(a="b")]
    digest = alone.push.image(repo, "1", image_of(layers))
    done(alone, tell(alone, repo, "1"))
    image = alone.query("select * from image where digest = %s", (digest,))[0]
    assert (image["state"], image["pending"], image["architecture"]) == ("unpacking", 2, "amd64")
    assert alone.value("select digest from tag where repository = %s and name = '1'", (repo,)) == digest
    for layer in layers:
        assert len(told(alone, "layer.fetched", layer.digest)) >= 1
        name = layer.digest.split(":")[1]
        with open(os.path.join(alone.blobs, "sha256", name[:2], name), "rb") as blob:
            assert digest_of(blob.read()) == layer.digest


def test_same_event_twice_changes_nothing(alone):
    repo, layer = repository(), fresh_layer()
    digest = alone.push.image(repo, "1", image_of([layer]))
    event = tell(alone, repo, "1")
    done(alone, event)
    before = alone.query("select * from image where digest = %s", (digest,))
    steps = alone.query("select run_id, state from run where repository = %s", (repo,))
    tell(alone, repo, "1", event=event)
    done(alone, tell(alone, repo, "1"))
    assert alone.query("select * from image where digest = %s", (digest,)) == before
    assert len(steps) == 1
    assert alone.value("select count(*) from run where repository = %s", (repo,)) == 2  # two events, two runs
    assert alone.value("select count(*) from image_place p join image i using (image_id) where digest = %s",
                       (digest,)) == 1


def test_index_with_two_platforms(alone):
    repo = repository()
    images = {"linux/amd64": image_of([fresh_layer()]), "linux/arm64": image_of([fresh_layer()], "arm64")}
    digest = alone.push.index(repo, "multi", images)
    done(alone, tell(alone, repo, "multi"))
    assert alone.value("select kind from image where digest = %s", (digest,)) == "index"
    members = alone.query("select m.digest, m.platform, c.architecture from image i"
                          " join index_member m on m.index_id = i.image_id join image c on c.digest = m.digest"
                          " where i.digest = %s order by m.position", (digest,))
    assert [(m["platform"], m["architecture"]) for m in members] == [("linux/amd64", "amd64"), ("linux/arm64", "arm64")]


def test_moved_tag_and_old_event(alone):
    repo = repository()
    old = alone.push.image(repo, "1", image_of([fresh_layer()]))
    done(alone, tell(alone, repo, "1", old))
    new = alone.push.image(repo, "1", image_of([fresh_layer()]))
    done(alone, tell(alone, repo, "1", new))
    assert alone.value("select digest from tag where repository = %s", (repo,)) == new
    done(alone, tell(alone, repo, "1", old))  # an old event cannot roll a tag back
    assert alone.value("select digest from tag where repository = %s", (repo,)) == new
    history = alone.query("select digest from tag_history where repository = %s order by from_at", (repo,))
    assert [h["digest"] for h in history] == [old, new]


def test_event_that_comes_before_its_tag(alone):
    """distribution tells of the manifest first and writes the tag then."""
    repo = repository()
    image = image_of([fresh_layer()])
    digest = alone.push.image(repo, None, image)
    event = tell(alone, repo, "late", digest)
    alone.push.manifest(repo, "late", image.manifest, image.media_type)
    done(alone, event)
    assert alone.value("select digest from tag where repository = %s", (repo,)) == digest
    other = alone.push.image(repo, None, image_of([fresh_layer()]))
    done(alone, tell(alone, repo, "never", other))
    assert alone.image_state(other) == "unpacking"


def test_deleted_tag_is_closed(alone):
    repo = repository()
    digest = alone.push.image(repo, "1", image_of([fresh_layer()]))
    done(alone, tell(alone, repo, "1"))
    done(alone, tell(alone, repo, digest=digest, action="delete"))
    assert alone.value("select deleted_at is not null from tag where repository = %s", (repo,))


def test_name_that_is_gone_is_ignored_with_a_reason(alone):
    repo = repository()
    done(alone, tell(alone, repo, "nowhere"))
    run = alone.query("select state, reason from run where repository = %s", (repo,))[0]
    assert run["state"] == "ignored" and "not in the registry" in run["reason"]


def test_known_layer_is_pulled_once(alone):
    shared, first, second = fresh_layer(), repository(), repository()
    alone.push.image(first, "1", image_of([shared]))
    done(alone, tell(alone, first, "1"))
    alone.query("update layer set state = 'read', diff_id = digest_bytes(%s) where digest = %s", (shared.diff_id, shared.digest))
    before = len(told(alone, "layer.fetched", shared.digest))
    other = alone.push.image(second, "1", image_of([shared, fresh_layer()]))
    done(alone, tell(alone, second, "1"))
    assert alone.value("select pending from image where digest = %s", (other,)) == 1
    assert len(told(alone, "layer.fetched", shared.digest)) == before


def test_unread_layer_that_images_share_is_told_once_in_each_lane(alone):
    shared, repos = fresh_layer(), [repository() for _ in range(4)]
    for repo in repos:
        alone.push.image(repo, "1", image_of([shared, fresh_layer()]))
    for repo in repos[:2]:
        done(alone, tell(alone, repo, "1", lane=".bulk"))
    assert (len(told(alone, "layer.fetched.bulk", shared.digest)), len(told(alone, "layer.fetched", shared.digest))) == (1, 0)
    for repo in repos[2:]:
        done(alone, tell(alone, repo, "1"))  # a push that waits on a bulk layer does not wait behind bulk work
    assert (len(told(alone, "layer.fetched.bulk", shared.digest)), len(told(alone, "layer.fetched", shared.digest))) == (1, 1)


def test_image_of_read_layers_only_goes_straight_on(alone):
    shared, repo = fresh_layer(), repository()
    alone.push.image(repo, "1", image_of([shared]))
    done(alone, tell(alone, repo, "1"))
    alone.query("update layer set state = 'read', diff_id = digest_bytes(%s) where digest = %s", (shared.diff_id, shared.digest))
    digest = alone.push.image(repo, "2", image_of([shared], config={"Cmd": ["other"]}))
    done(alone, tell(alone, repo, "2"))
    assert len(told(alone, "image.unpacked", digest)) == 1
    assert alone.image_state(digest) == "unpacked"


def test_config_that_claims_other_diff_ids_is_refused(alone):
    known, repo = fresh_layer(), repository()
    alone.push.image(repo, "1", image_of([known]))
    done(alone, tell(alone, repo, "1"))
    alone.query("update layer set state = 'read', diff_id = digest_bytes(%s) where digest = %s", (known.diff_id, known.digest))
    liar = image_of([known], diff_ids=[digest_of(b"another image's layer")])
    digest = alone.push.image(repo, "liar", liar)
    parked = done(alone, tell(alone, repo, "liar"), "parked")
    assert "claims diff_id" in parked["reason"]
    assert alone.value("select count(*) from image where digest = %s", (digest,)) == 0
    run = alone.query("select state, reason from run where tag = 'liar' and repository = %s", (repo,))[0]
    assert run["state"] == "parked" and "claims diff_id" in run["reason"]


def test_config_that_counts_other_layers_is_refused(alone):
    repo, layer = repository(), fresh_layer()
    alone.push.image(repo, "1", image_of([layer], diff_ids=[layer.diff_id, layer.diff_id]))
    parked = done(alone, tell(alone, repo, "1"), "parked")
    assert "1 layers in the manifest, 2 in the config" in parked["reason"]


def test_layer_with_other_bytes_than_its_digest_is_refused(alone):
    """The registry is made to lie by changing the blob under it."""
    repo, layer = repository(), fresh_layer()
    alone.push.image(repo, "1", image_of([layer]))
    hexes = layer.digest.split(":")[1]
    for folder, _, files in os.walk(alone.registry.folder if hasattr(alone.registry, "folder") else alone.folder):
        if folder.endswith(hexes) and "data" in files:
            with open(os.path.join(folder, "data"), "wb") as blob:
                blob.write(gzip.compress(b"x" * len(layer.blob))[:len(layer.blob)].ljust(len(layer.blob), b"\0"))
            break
    else:
        pytest.fail("the registry's blob was not found")
    parked = done(alone, tell(alone, repo, "1"), "parked")
    assert layer.digest in parked["reason"]


def test_signature_and_chart_are_recorded(alone):
    repo = repository()
    payload = compact({"critical": {}})
    alone.push.blob(repo, digest_of(payload), payload)
    config = compact({})
    alone.push.blob(repo, digest_of(config), config)
    signature = compact({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": digest_of(payload),
                    "size": len(payload)}]})
    chart = compact({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest_of(config),
                   "size": len(config)},
        "layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                    "digest": digest_of(payload), "size": len(payload)}]})
    for name, manifest, kind in (("sig", signature, "signature"), ("chart", chart, "chart")):
        digest = alone.push.manifest(repo, name, manifest, MANIFEST)
        done(alone, tell(alone, repo, name))
        row = alone.query("select kind, state, artifact_type from image where digest = %s", (digest,))[0]
        assert (row["kind"], row["state"]) == ("artifact", "recorded")
        assert kind in row["artifact_type"]


def test_unknown_registry_parks_and_says_what_to_do(alone):
    event = str(uuid.uuid4())
    alone.kafka.write(f"{alone.prefix}image.pushed.v1", "x", json.dumps(
        {"registry": "elsewhere", "repository": "x", "tag": "1", "action": "push", "cause": "push"}).encode(),
        {"ce_id": event, "ce_source": "/tests", "ce_specversion": "1.0", "ce_type": "resole.image.pushed.v1"})
    assert "not configured" in done(alone, event, "parked")["reason"]


@pytest.mark.parametrize("status,headers,state,least_s", [
    (429, {"Retry-After": "300"}, "deferred", 290), (500, {}, "deferred", 0), (503, {"Retry-After": "120"}, "deferred", 110),
    (401, {"WWW-Authenticate": 'Basic realm="here"'}, "parked", 0)])
def test_registry_that_answers_an_error_ends_in_one_row_that_says_so(alone, status, headers, state, least_s):
    unwell, name = Unwell(status, headers), f"unwell-{uuid.uuid4().hex[:8]}"
    alone.query("insert into registry (name, address, plain_http, private_ok) values (%s, %s, true, true)", (name, unwell.address))
    event = tell(alone, "some/thing", "1", registry=name)
    assert str(status) in done(alone, event, state)["reason"]
    rows = alone.query("select attempts, extract(epoch from next_at - now()) as wait from task where ce_id = %s", (event,))
    assert len(rows) == 1
    if state == "deferred":  # the outside world's fault: charged to nobody, and not asked before it said
        assert rows[0]["attempts"] == 0 and rows[0]["wait"] > least_s - 60 * (least_s > 0)
    other = repository()
    digest = alone.push.image(other, "1", image_of([fresh_layer()]))
    done(alone, tell(alone, other, "1"))
    assert alone.image_state(digest) == "unpacking" and alone.processes["fetcher"].is_running()
    unwell.close()


def test_registry_that_is_down_is_asked_again(new_system):
    system = new_system()
    repo, layer = repository(), fresh_layer()
    digest = system.push.image(repo, "1", image_of([layer]))
    system.registry.stop()
    system.start("fetcher")
    event = tell(system, repo, "1")
    wait_for(lambda: task(system, event)["state"] == "deferred", "the task is deferred")
    system.registry.start()
    if system.has("janitor"):
        system.start("janitor")
        wait_for(lambda: system.image_state(digest), "the image is recorded after the registry came back")
