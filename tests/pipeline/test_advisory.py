"""`resole advisory`: what is refused and how it shows, several files of a source, bytes that do not depend on order."""

import gzip
import json

import pytest

from scan_parts import TRACKER, resole, root, scan  # noqa: F401

pytestmark = pytest.mark.program("resole", "resole-reader")

OPEN = {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}
MANY = {f"p{i}": {"CVE-2024-5000": OPEN} for i in range(1100)} | TRACKER


def row(resole, name):
    return next(line.split() for line in resole("advisory", "status").splitlines() if line.startswith(name + " "))


def test_what_is_refused_leaves_the_old_data_and_the_source_is_stale(resole, root, tmp_path):
    resole("advisory", "import", "--source", "debian-tracker", resole.load("tracker.json", MANY))
    assert row(resole, "debian-tracker")[1] == "fresh"
    before = scan(resole, root, "--all", code=5)["findings"]
    whole = json.dumps(MANY).encode()
    flood = {f"p{i}": {f"CVE-2024-{1000 + k}": OPEN for k in range(1000)} for i in range(112)}
    documents = {
        "cut.json": whole[:-9], "cut.json.gz": gzip.compress(whole)[:-4000], "malformed.json": whole.replace(b"releases", b"released", 3),
        "empty.json": b"{}", "nothing.json": b"", "few.json": json.dumps(dict(list(MANY.items())[:3])).encode(),
        "flood.json": json.dumps(flood).encode(), "other.json": b'{"schema": 9, "packages": []}'}
    for name, data in documents.items():
        path = tmp_path / name
        path.write_bytes(data)
        resole("advisory", "import", "--source", "debian-tracker", path, code=3)
        status = resole("advisory", "status")
        assert row(resole, "debian-tracker")[1] == "stale", name
        assert "refused 2" in status, name
        report = scan(resole, root, "--all", code=5)
        assert report["findings"] == before, name
        assert [d["state"] for d in report["advisory_data"] if d["source"] == "debian-tracker"] == ["stale"], name
    resole("advisory", "import", "--source", "debian-tracker", resole.load("tracker.json", MANY))
    assert row(resole, "debian-tracker")[1] == "fresh" and "refused 2" not in resole("advisory", "status")


def secdb(resole, release, name):
    return resole.load(f"{release}.json", {"distroversion": release, "reponame": "main", "packages": [
        {"pkg": {"name": name, "secfixes": {"1.2-r0": ["CVE-2024-0001", "CVE-2024-0002"]}}}]})


def record(resole, name, ecosystem, package):
    return resole.load(f"{name}.json", {"id": name, "affected": [
        {"package": {"ecosystem": ecosystem, "name": package}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}]}]})


def test_bytes_do_not_depend_on_the_order_of_import(resole, tmp_path):
    files = [secdb(resole, "v3.19", "foo"), secdb(resole, "v3.20", "bar"), record(resole, "PYSEC-1", "PyPI", "b"),
             record(resole, "PYSEC-2", "PyPI", "a"), record(resole, "GO-1", "Go", "example.org/x")]
    bundles = []
    for order in (files, files[::-1]):
        place = tmp_path / f"data{len(bundles)}"
        resole("advisory", "import", "--dir", place, *order)
        resole("advisory", "export", "--dir", place, tmp_path / "out.bundle")
        bundles.append((tmp_path / "out.bundle").read_bytes())
    assert bundles[0] == bundles[1]
    status = resole("advisory", "status", "--dir", tmp_path / "data0")
    counts = {line.split()[0]: line.split()[4] for line in status.splitlines() if " fresh " in line}
    assert counts == {"alpine-secdb": "4", "osv-pypi": "2", "osv-golang": "1"}


def aliased(resole, name, *aliases):
    return resole.load(f"{name}.json", {"id": name, "aliases": list(aliases), "affected": [
        {"package": {"ecosystem": "PyPI", "name": "a"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]})


def test_a_scan_does_not_depend_on_the_order_of_import(resole, tmp_path):
    """Records of one source in either order, sources in either order; two CVEs that share an alias stay two."""
    files = [aliased(resole, "PYSEC-1", "CVE-2024-0001", "GHSA-aaaa"), aliased(resole, "PYSEC-2", "CVE-2024-0002", "GHSA-aaaa"),
             aliased(resole, "PYSEC-3", "GHSA-aaaa"), record(resole, "GO-1", "Go", "example.org/x")]
    sbom = resole.load("bom.cdx.json", {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [
        {"type": "library", "name": "a", "purl": "pkg:pypi/a@1.0"}, {"type": "library", "name": "x", "purl": "pkg:golang/example.org/x@1.0"}]})
    reports = []
    for order in (files, files[::-1]):
        place = tmp_path / f"scan{len(reports)}"
        resole("advisory", "import", "--dir", place, *order)
        reports.append(resole("scan", f"sbom:{sbom}", "--all", "-o", "json", "--advisory-dir", place))
    assert reports[0] == reports[1]
    found = {(f["package"]["name"], f["vulnerability"]) for f in json.loads(reports[0])["findings"]}
    assert {("a", "CVE-2024-0001"), ("a", "CVE-2024-0002"), ("example.org/x", "GO-1")} <= found
