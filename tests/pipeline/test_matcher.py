"""The matcher alone: rows of an inventory and fetched feeds in, findings and messages out."""

import gzip
import hashlib
import json
import os
import subprocess
import uuid

import pytest

from facts import PACKAGE_PUT
from parts import wait_for

pytestmark = pytest.mark.program("resole-matcher", "resole-reader")


def tell(system, topic, key, value):
    event = str(uuid.uuid4())
    system.kafka.write(f"{system.prefix}{topic}.v1", key, json.dumps(value).encode(), {
        "ce_id": event, "ce_source": "/tests", "ce_specversion": "1.0", "ce_type": f"resole.{topic}.v1", "content-type": "application/json"})
    return event


def done(system, event, state="done"):
    wait_for(lambda: system.value("select state from task where ce_id = %s", (event,)) == state, f"task {state}")


def image(system, packages, owner=None):
    """An unpacked image of (type, name, version, source name, source version) in Debian 12; its digest."""
    digest = "sha256:" + hashlib.sha256(os.urandom(8)).hexdigest()
    image_id = system.value("insert into image (digest, kind, media_type, state, complete) values (%s, 'image', 'x', 'unpacked', true) returning image_id",
                            (digest,))
    system.query("insert into context (distro, release) values ('debian', 'bookworm') on conflict do nothing")
    for kind, name, version, source, source_version in packages:
        component = system.value(
            "insert into component (type, name, version, source_name, source_version) values (%s, %s, %s, %s, %s)"
            " on conflict (type, name, version, arch, source_name, source_version, module, vendor) do update set arch = excluded.arch"
            " returning component_id", (kind, name, version, source, source_version))
        judged = system.value(
            "insert into judged_component (component_id, context_id) select %s, context_id from context where distro = %s"
            " on conflict (component_id, context_id) do update set context_id = excluded.context_id returning judged_id",
            (component, "debian" if kind == "deb" else ""))
        system.query(PACKAGE_PUT, (judged, "os", owner if kind != "deb" else None, image_id))
    return digest


def unpacked(system, digest):
    done(system, tell(system, "image.unpacked", digest, {"digest": digest, "cause": "push"}))


def blob(system, data):
    digest = hashlib.sha256(data).hexdigest()
    folder = os.path.join(system.blobs, "sha256", digest[:2])
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, digest), "wb") as out:
        out.write(data)
    return f"sha256:{digest}"


def fetched(system, source, document, state="done"):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    done(system, tell(system, "feed.fetched", source, {"source": source, "blob": blob(system, data), "bytes": len(data), "as_of": "2026-01-02T03:04:05Z"}),
         state)
    wait_for(system.settled, "everything is told")


def source(system, name, format_):
    system.query("insert into source (source, format, as_of) values (%s, %s, now()) on conflict do nothing", (name, format_))


def tracker(**versions):
    return {"openssl": {cve.replace("_", "-"): {"releases": {"bookworm": (
        {"status": "resolved", "fixed_version": v, "urgency": "high"} if v else {"status": "open", "urgency": "low"})}}
        for cve, v in versions.items()}}


def findings(system, digest):
    return {r["vulnerability"]: (r["state"], r["fixed_version"]) for r in system.query(
        "select f.vulnerability, f.state, f.fixed_version from image i join image_package p using (image_id) join finding f using (judged_id)"
        " where i.digest = %s and f.retracted_at is null and not exists"
        " (select from image_exception e where e.image_id = i.image_id and e.finding_id = f.finding_id)", (digest,))}


def counter(system, digest):
    rows = system.query("select n.* from image_counter n join image i using (image_id) where i.digest = %s", (digest,))
    return rows[0] if rows else {}


OLD = ("deb", "libssl3", "3.0.11-1~deb12u1", "openssl", "3.0.11-1~deb12u1")
NEW = ("deb", "libssl3", "3.0.11-1~deb12u2", "openssl", "3.0.11-1~deb12u2")


@pytest.fixture(scope="module")
def system(new_system):
    system = new_system(registry=False)
    system.start("matcher")
    source(system, "debian-tracker", "debian-tracker")
    return system


def test_nothing_is_clean_before_any_source(system):
    digest = image(system, [OLD])
    unpacked(system, digest)
    assert counter(system, digest)["verdict"] == "unknown"
    assert system.image_state(digest) == "matched"


def test_a_feed_reaches_old_images_and_new_ones(system):
    before = image(system, [OLD])
    unpacked(system, before)
    fetched(system, "debian-tracker", tracker(CVE_2024_0001="3.0.11-1~deb12u2", CVE_2024_0002=None))
    wait_for(lambda: findings(system, before) == {
        "CVE-2024-0001": ("fixed", "3.0.11-1~deb12u2"), "CVE-2024-0002": ("affected", None)}, "findings of the old image")
    wait_for(lambda: counter(system, before).get("fixable") == 1, "its counters")
    assert counter(system, before)["verdict"] == "affected"
    after = image(system, [NEW])
    unpacked(system, after)
    assert findings(system, after) == {"CVE-2024-0002": ("affected", None)}
    matched = [json.loads(r[4]) for r in system.read("image.matched.v1") + system.read("image.matched.bulk.v1")]
    assert {m["digest"] for m in matched} >= {before, after}


def test_the_same_feed_again_writes_no_row(system):
    document = tracker(CVE_2024_0001="3.0.11-1~deb12u2", CVE_2024_0002=None)
    fetched(system, "debian-tracker", document)
    before = system.query("select assertion_id, xmin::text from assertion order by 1")
    names = system.query("select * from package_name order by 1, 2")
    fetched(system, "debian-tracker", document)
    assert system.query("select assertion_id, xmin::text from assertion order by 1") == before
    assert system.query("select * from package_name order by 1, 2") == names


def test_findings_are_retracted_not_deleted_and_can_come_back(system):
    digest = image(system, [OLD])
    fetched(system, "debian-tracker", tracker(CVE_2024_0001="3.0.11-1~deb12u2"))
    unpacked(system, digest)
    assert findings(system, digest) == {"CVE-2024-0001": ("fixed", "3.0.11-1~deb12u2")}
    fetched(system, "debian-tracker", tracker(CVE_2024_0003=None))
    wait_for(lambda: findings(system, digest) == {"CVE-2024-0003": ("affected", None)}, "the change")
    assert system.value("select count(*) from finding where vulnerability = 'CVE-2024-0001' and retracted_at is not null") > 0
    fetched(system, "debian-tracker", tracker(CVE_2024_0001="3.0.11-1~deb12u2"))
    wait_for(lambda: findings(system, digest) == {"CVE-2024-0001": ("fixed", "3.0.11-1~deb12u2")}, "its return")
    whats = {r["what"] for r in system.query("select what from finding_history")}
    assert {"appeared", "retracted", "changed"} <= whats


def test_a_broken_feed_parks_and_changes_nothing(system):
    digest = image(system, [OLD])
    fetched(system, "debian-tracker", tracker(CVE_2024_0001="3.0.11-1~deb12u2"))
    unpacked(system, digest)
    before = findings(system, digest)
    fetched(system, "debian-tracker", json.dumps(tracker(CVE_2024_0009=None)).encode()[:-9], state="parked")
    assert findings(system, digest) == before and before
    assert "JSON" in system.value("select reason from task where state = 'parked' order by changed_at desc limit 1")


def state_of(system, name):
    return system.query("select state, reason from source where source = %s", (name,))[0]


def test_what_is_refused_makes_the_source_failed_with_the_reason_until_it_is_right(system):
    many = {f"p{i}": {"CVE-2024-5000": {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}} for i in range(1200)}
    source(system, "osv-debian", "osv")
    fetched(system, "debian-tracker", many)
    whole = system.value("select count(*) from assertion where source = 'debian-tracker' and retracted_at is null")
    assert whole == 1200 and state_of(system, "debian-tracker")["state"] == "fresh"
    few = dict(list(many.items())[:3])
    flood = {f"p{i}": {f"CVE-2024-{9000 + k}": many["p1"]["CVE-2024-5000"] for k in range(300)} for i in range(401)}
    other = {"vulnerabilities": [{"a": 1}]}
    for document, words in ((b"{}", "no record"), (few, "only 3 assertions"), (other, "not an object"), (json.dumps(many).encode()[:9000], "JSON"),
                            (flood, "120300 assertions")):
        fetched(system, "debian-tracker", document, state="parked")
        row = state_of(system, "debian-tracker")
        assert row["state"] == "failed" and words in row["reason"], row
        assert system.value("select count(*) from assertion where source = 'debian-tracker' and retracted_at is null") == whole
    fetched(system, "debian-tracker", many)
    assert state_of(system, "debian-tracker") == {"state": "fresh", "reason": None}


def test_facts_of_vulnerabilities_go_to_their_own_table_and_only_what_differs_is_written(system):
    source(system, "kev", "kev")
    source(system, "epss", "epss")
    known = [{"cveID": "CVE-2024-0001", "dateAdded": "2026-01-02"}, {"cveID": "CVE-2024-0002", "dateAdded": "2026-01-03"}]
    scores = b"#model_version:v1,score_date:2026-01-02T00:00:00Z\ncve,epss,percentile\nCVE-2024-0001,0.5,0.99\nCVE-2024-0003,0.00043,0.1\n"
    for _ in range(2):
        fetched(system, "kev", {"vulnerabilities": known})
        fetched(system, "epss", scores)
    rows = system.query("select vulnerability, kev_since::text, epss, xmin::text from vulnerability order by 1")
    assert [(r["vulnerability"], r["kev_since"], r["epss"]) for r in rows] == [
        ("CVE-2024-0001", "2026-01-02", 0.5), ("CVE-2024-0002", "2026-01-03", None), ("CVE-2024-0003", None, pytest.approx(0.00043))]
    assert system.value("select count(*) from assertion where source in ('kev', 'epss')") == 0
    fetched(system, "kev", {"vulnerabilities": known[:1]})
    fetched(system, "epss", scores)
    again = system.query("select vulnerability, kev_since::text, epss, xmin::text from vulnerability order by 1")
    assert again[1]["kev_since"] is None
    assert [again[0], again[2]] == [rows[0], rows[2]]
    assert str(system.value("select as_of::date from source where source = 'epss'")) == "2026-01-02"


def test_each_part_of_a_source_of_several_files_is_a_source(system):
    secdb = {"distroversion": "v3.20", "reponame": "main", "packages": [{"pkg": {"name": "foo", "secfixes": {"1.2-r0": ["CVE-2024-0008"]}}}]}
    source(system, "alpine-secdb:v3.20-main", "alpine-secdb")
    source(system, "photon-json:5.0", "photon-json")
    fetched(system, "alpine-secdb:v3.20-main", secdb)
    fetched(system, "photon-json:5.0", [{"cve_id": "CVE-2024-0008", "pkg": "foo", "res_ver": "1-1.ph5", "status": "Fixed"}])
    assert {(r["source"], r["distro"], r["release"], r["fixed"]) for r in system.query(
        "select source, distro, release, fixed from assertion where name = 'foo' and vulnerability = 'CVE-2024-0008'")} == {
        ("alpine-secdb:v3.20-main", "alpine", "3.20", "1.2-r0"), ("photon-json:5.0", "photon", "5.0", "1-1.ph5")}


def test_what_a_distribution_package_owns_is_judged_as_the_distributions(system):
    source(system, "osv-pypi", "osv")
    owned = image(system, [("pypi", "foo", "1.0", "", "")], owner="pkg:deb/debian/python3-foo@1.0-1")
    free = image(system, [("pypi", "foo", "1.0", "", "")])
    fetched(system, "osv-pypi", {"id": "PYSEC-1", "aliases": ["CVE-2024-0007"], "affected": [
        {"package": {"ecosystem": "PyPI", "name": "Foo"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}]}]})
    unpacked(system, owned)
    unpacked(system, free)
    assert findings(system, owned) == {}
    assert findings(system, free) == {"CVE-2024-0007": ("fixed", "1.1")}


def test_an_import_while_an_image_is_matched_is_not_missed(new_system, tmp_path):
    """The race of architecture.md 3.4, forced: facts are read, the import commits, then findings are saved."""
    pause = tmp_path / "pause"
    os.chmod(tmp_path, 0o755)
    racing = new_system(registry=False)
    racing.start("matcher")
    source(racing, "debian-tracker", "debian-tracker")
    fetched(racing, "debian-tracker", tracker(CVE_2024_0001=None))
    racing.stop("matcher")
    digest = image(racing, [OLD])
    racing.start("matcher", RESOLE_MATCHER_PAUSE_FILE=str(pause))
    pause.touch()
    event = tell(racing, "image.unpacked", digest, {"digest": digest, "cause": "push"})
    wait_for((tmp_path / "pause.reached").exists, "the matcher has read its facts")
    with_import = json.dumps([["0", "3.0.11-1~deb12u2", None]])
    racing.query("begin; update package_name set revision = nextval('advisory_revision') where type = 'deb' and name = 'openssl';"
                 f"update assertion set state = 'fixed', fixed = '3.0.11-1~deb12u2', ranges = '{with_import}'; commit")
    pause.unlink()
    done(racing, event)
    assert findings(racing, digest) == {"CVE-2024-0001": ("fixed", "3.0.11-1~deb12u2")}
    revision = racing.value("select revision from package_name where name = 'openssl'")
    assert racing.value("select min(matched_revision) from judged_component") == revision


def test_the_repository_itself_is_a_source(new_system, tmp_path):
    """A newer package becomes a finding once its changelog, read from the package, names a CVE."""
    system = new_system(registry=False)
    system.start("matcher")
    source(system, "apt:bookworm", "apt")
    digest = image(system, [OLD])
    unpacked(system, digest)
    packages = ("Package: libssl3\nSource: openssl\nVersion: 3.0.11-1~deb12u2\nArchitecture: amd64\n"
                f"Filename: pool/libssl3.deb\nSize: 10\nSHA256: {'0' * 64}\n\n"
                "Package: libssl-dev\nSource: openssl\nVersion: 3.0.11-1~deb12u2\nArchitecture: amd64\n"
                f"Filename: pool/libssl-dev.deb\nSize: 20\nSHA256: {'1' * 64}\n").encode()
    index = blob(system, packages)
    system.query("insert into repository (distro, codename, suite, address, source, packages_digest)"
                 " values ('debian', 'bookworm', 'bookworm-security', 'http://mirror.example/debian', 'apt:bookworm', %s)", (index,))
    fetched(system, "apt:bookworm", packages)
    wanted = system.query("select source_name, source_version, path, state from changelog")
    assert [tuple(r.values()) for r in wanted] == [("openssl", "3.0.11-1~deb12u2", "pool/libssl3.deb", "wanted")]
    assert findings(system, digest) == {}
    root = tmp_path / "deb"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text("Package: libssl3\nVersion: 1\nArchitecture: amd64\nMaintainer: a <a@example.org>\nDescription: x\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(root), str(tmp_path / "none.deb")], check=True, capture_output=True)
    system.query("update changelog set state = 'fetched', blob = %s", (blob(system, (tmp_path / "none.deb").read_bytes()),))
    fetched(system, "changelog:apt:bookworm", b"-")
    wait_for(lambda: system.value("select path from changelog where state = 'wanted'") == "pool/libssl-dev.deb", "the next larger package is wanted")
    (root / "usr/share/doc/libssl3").mkdir(parents=True)
    text = ("openssl (3.0.11-1~deb12u2) bookworm-security; urgency=high\n\n  * Fix CVE-2024-0001.\n\n -- A <a@example.org>  Sat, 01 Nov 2025 09:12:00 +0000\n\n"
            "openssl (3.0.11-1~deb12u1) bookworm; urgency=low\n\n  * CVE-2023-0001\n\n -- A <a@example.org>  Sat, 01 Nov 2024 09:12:00 +0000\n")
    (root / "usr/share/doc/libssl3/changelog.Debian.gz").write_bytes(gzip.compress(text.encode()))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(root), str(tmp_path / "a.deb")], check=True, capture_output=True)
    system.query("update changelog set state = 'fetched', blob = %s", (blob(system, (tmp_path / "a.deb").read_bytes()),))
    fetched(system, "changelog:apt:bookworm", b"-")
    wait_for(lambda: findings(system, digest) == {"CVE-2024-0001": ("fixed", "3.0.11-1~deb12u2")}, "what the changelog claims")
    current = image(system, [NEW])
    unpacked(system, current)
    assert findings(system, current) == {}
