"""From a push to an inventory, with everything real."""

import json
import subprocess
import uuid

import pytest
import requests

from images import Gone, INDEX, Pusher, debian_files, image_of, index_of, jar_of, layer_of, digest_of
from parts import wait_for

pytestmark = pytest.mark.program("resole-gateway", "resole-fetcher", "resole-unpacker", "resole-matcher")

BASE = layer_of(debian_files({"libc6": ("2.36-9+deb12u4", "glibc"), "tzdata": "2024a-0+deb12u1"}))
READ = ("matched",)


def stack_files():
    both = {"libc6": ("2.36-9+deb12u4", "glibc"), "tzdata": "2024a-0+deb12u1", "tomcat10": "10.1.6-1+deb12u2"}
    return debian_files(both)


def envelope(system, repository, tag, digest, size, identity=None, action="push"):
    return {"events": [{
        "id": identity or str(uuid.uuid4()), "timestamp": "2026-01-01T00:00:00Z", "action": action,
        "target": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": size, "digest": digest,
                   "repository": repository, "tag": tag, "url": f"http://{system.registry.address}/v2/{repository}"},
        "request": {"id": str(uuid.uuid4()), "host": system.registry.address, "method": "PUT"},
    }]}


def tell(system, body, secret=None):
    return requests.post(f"{system.url}/v1/events/local", json=body, timeout=30, headers={
        "Authorization": f"Bearer {secret or system.event_secret}",
        "Content-Type": "application/vnd.docker.distribution.events.v2+json"})


def times_read(system, digest):
    """What the unpacker says it has read."""
    with open(f"{system.folder}/unpacker.log", encoding="utf-8") as log:
        return sum('msg="layer read"' in line and digest in line for line in log)


def times_told(system, digest):
    """Messages about a layer; copies of one have one id."""
    return len({r[2]["ce_id"] for topic in ("layer.fetched.v1", "layer.fetched.bulk.v1") for r in system.read(topic)
                if json.loads(r[4])["digest"] == digest})


def test_an_image_pushed_by_skopeo_is_inventoried_by_tier(system, tmp_path):
    image = image_of([BASE, stack_files(), {"srv/shop.jar": jar_of("org.example", "shop", "1.2.3")}])
    layout = tmp_path / "oci"
    (layout / "blobs/sha256").mkdir(parents=True)
    for digest, data in image.blobs() + [(image.digest, image.manifest)]:
        (layout / "blobs/sha256" / digest[7:]).write_bytes(data)
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [{
        "mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest),
        "annotations": {"org.opencontainers.image.ref.name": "shop"}}]}))
    subprocess.run(["skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:{layout}:shop",
                    f"docker://{system.registry.address}/story/shop:1"], check=True)
    system.wait_image(image.digest, *READ)
    found = wait_for(lambda: system.packages(image.digest), "packages")
    assert ("deb", "libc6", "2.36-9+deb12u4") in {p[1:] for p in found}
    assert ("deb", "tomcat10", "10.1.6-1+deb12u2") in {p[1:] for p in found}
    assert any(p[1] == "maven" and p[3] == "1.2.3" and p[0] == "application" for p in found), found
    assert any(p[0] == "os" and p[2] == "libc6" for p in found), found


def test_a_shared_layer_is_read_once(system):
    first = image_of([BASE, {"srv/a": "first"}])
    second = image_of([BASE, {"srv/a": "second"}])
    system.push.image("shared/a", "1", first)
    system.push.image("shared/b", "1", second)
    system.wait_image(first.digest, *READ)
    system.wait_image(second.digest, *READ)
    assert times_told(system, BASE.digest) == 1
    assert times_read(system, BASE.digest) == 1
    assert system.value("select count(*) from layer where digest = %s and state = 'read'", (BASE.digest,)) == 1
    assert [p[1:] for p in system.packages(first.digest)] == [p[1:] for p in system.packages(second.digest)]


def test_the_same_envelope_twice_changes_nothing(system):
    image = image_of([BASE, {"srv/twice": "x"}])
    system.push.image("twice/a", "1", image)
    system.wait_image(image.digest, *READ)
    body = envelope(system, "twice/a", "1", image.digest, len(image.manifest))
    assert tell(system, body).status_code in (200, 202, 204)
    event = body["events"][0]["id"]
    wait_for(lambda: system.value("select count(*) from run where state in ('done', 'ignored') and event_id like %s",
                                  (f"%{event}%",)), "the told push is done")
    wait_for(system.settled, "nothing waits")
    tables = ("run", "image", "layer", "tag", "tag_history", "evidence_set", "package_group", "package_entry", "image_group", "component")
    counts = lambda: {t: system.value(f"select count(*) from {t}") for t in tables}  # noqa: E731
    records = lambda: {t: len(system.read(t)) for t in ("image.pushed.v1", "layer.fetched.v1", "image.unpacked.v1")}  # noqa: E731
    before = counts(), records()
    assert tell(system, body).status_code in (200, 202, 204)
    # A later push through the same chain: when it is through, the repeated envelope is too.
    marker = image_of([BASE, {"srv/marker": "x"}])
    system.push.image("twice/marker", "1", marker)
    system.wait_image(marker.digest, *READ)
    wait_for(system.settled, "nothing waits")
    assert system.value("select count(*) from run where event_id like %s", (f"%{event}%",)) == 1
    assert system.value("select count(*) from tag_history h join registry using (registry_id)"
                        " where repository = 'twice/a'") <= 1
    after = counts(), records()
    assert after[0]["image"] == before[0]["image"] + 1
    assert after[0]["run"] <= before[0]["run"] + 2
    assert after[0]["layer"] == before[0]["layer"] + 1


def test_an_index_with_two_platforms(system):
    images = {"linux/amd64": image_of([BASE, {"srv/arch": "amd64"}]),
              "linux/arm64": image_of([debian_files({"libc6": ("2.36-9+deb12u4", "glibc")}, "arm")], architecture="arm64")}
    digest = system.push.index("index/a", "1", images)
    for image in images.values():
        system.wait_image(image.digest, *READ)
    # its images were pushed before it, each with an event of its own
    wait_for(lambda: system.value("select digest from tag where repository = 'index/a' and name = '1'") == digest, "the index is read")
    assert system.value("select kind from image where digest = %s", (digest,)) == "index"
    members = system.query("select m.digest, m.platform from index_member m join image i on i.image_id = m.index_id"
                           " where i.digest = %s order by position", (digest,))
    assert [(m["digest"], m["platform"]) for m in members] == [(i.digest, p) for p, i in images.items()]
    assert digest_of(index_of(images)) == digest and INDEX


def test_a_tag_that_moved(system):
    old = image_of([BASE, {"srv/v": "1"}])
    new = image_of([BASE, {"srv/v": "2"}])
    system.push.image("moved/a", "latest", old)
    system.wait_image(old.digest, *READ)
    system.push.image("moved/a", "latest", new)
    system.wait_image(new.digest, *READ)
    current = "select digest from tag where repository = 'moved/a' and name = 'latest'"
    wait_for(lambda: system.value(current) == new.digest, "the tag points at the new image")
    # An old event that comes late resolves the tag again: it cannot roll it back.
    assert tell(system, envelope(system, "moved/a", "latest", old.digest, len(old.manifest))).status_code in (200, 202, 204)
    marker = image_of([BASE, {"srv/v": "marker"}])
    system.push.image("moved/marker", "1", marker)
    system.wait_image(marker.digest, *READ)
    wait_for(system.settled, "nothing waits")
    assert system.value(current) == new.digest


def test_an_upper_layer_hides_and_removes(system):
    lower = {"srv/gone.jar": jar_of("org.example", "gone", "1"), "srv/kept.jar": jar_of("org.example", "kept", "1")}
    image = image_of([BASE, lower, {"srv/gone.jar": Gone()}])
    system.push.image("hidden/a", "1", image)
    system.wait_image(image.digest, *READ)
    names = wait_for(lambda: [p[2] for p in system.packages(image.digest)], "packages")
    assert any("kept" in n for n in names)
    assert not any("gone" in n for n in names)


def test_a_wrong_secret_is_refused_and_leaves_no_row(system):
    before = system.value("select count(*) from run")
    answer = tell(system, envelope(system, "no/no", "1", "sha256:" + "0" * 64, 3), secret="wrong")
    assert answer.status_code in (401, 403)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert system.value("select count(*) from run") == before


def test_a_config_that_claims_other_diff_ids_is_refused(system):
    """The rows of another image's layers are not to be had by claiming them."""
    secret = layer_of({"srv/secret.jar": jar_of("org.example", "secret", "9")})
    honest = image_of([secret])
    system.push.image("private/a", "1", honest)
    system.wait_image(honest.digest, *READ)
    liar = image_of([{"srv/nothing": "x"}], diff_ids=[secret.diff_id])
    system.push.image("public/a", "1", liar)
    system.wait_image(liar.digest, "parked")
    assert not system.packages(liar.digest)
    reason = system.value("select reason from image where digest = %s", (liar.digest,))
    assert "diff_id" in reason


@pytest.mark.parametrize("what", ["truncated", "not-gzip", "hostile-names"])
def test_a_bad_layer_ends_in_one_parked_row_and_the_worker_lives(system, what):
    good = layer_of({"srv/x": what * 1000})
    if what == "truncated":
        blob = good.blob[:-20]
    elif what == "not-gzip":
        blob = b"this is no layer" * 50
    else:
        blob = layer_of({"../../etc/passwd": "x", "/etc/shadow": "y", "a/../../b": "z"}).blob
    bad = type(good)(blob, digest_of(blob), good.diff_id)
    image = image_of([bad])
    system.push.image("bad/" + what, "1", image)
    system.wait_image(image.digest, "parked")
    assert system.value("select reason from image where digest = %s", (image.digest,))
    after = image_of([BASE, {"srv/after": what}])
    system.push.image("bad/after-" + what, "1", after)
    system.wait_image(after.digest, *READ)
    assert all(p.is_running() for p in system.processes.values())
