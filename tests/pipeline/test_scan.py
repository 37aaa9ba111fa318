"""`resole scan` with no server, against advisory data of our own."""

import json
import os

import jsonschema
import pytest

from scan_parts import JAR, TRACKER, resole, root, scan, states  # noqa: F401

pytestmark = pytest.mark.program("resole", "resole-reader")


def test_without_data_nothing_is_clean(resole, root):
    report = scan(resole, root, code=5)
    assert report["verdict"] == "unknown" and report["findings"] == []
    assert report["coverage"]["unknown"] == 2


def test_findings_of_both_kinds_valid_and_the_same_twice(resole, root, build):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    resole("advisory", "import", resole.load("jar.json", JAR))
    report = scan(resole, root)
    assert states(report) == {
        "CVE-2024-0001": ("fixed", "3.0.11-1~deb12u2", "high"),
        "CVE-2024-0002": ("affected", None, "unknown"),
        "CVE-2024-0009": ("fixed", "1.3", "critical")}
    assert report["verdict"] == "affected"
    schema = os.path.join(os.path.dirname(__file__), "../../schemas/scan.schema.json")
    jsonschema.validate(report, json.load(open(schema)))
    assert resole("scan", f"dir:{root}", "-o", "json") == resole("scan", f"dir:{root}", "-o", "json")
    assert "CVE-2024-0009" in resole("scan", f"dir:{root}")


def test_gates_and_doubt(resole, root):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    scan(resole, root, "--fail-on", "high", code=1)
    scan(resole, root, "--fail-on", "critical", code=5)  # the jar: no source speaks of it
    resole("advisory", "import", resole.load("jar.json", JAR))
    scan(resole, root, "--fail-on", "critical", code=1)
    scan(resole, root, "--only-fixed", "--fail-on", "critical", code=1)
    resole("scan", f"dir:{root}", "--fail-on", "extreme", code=2)


def test_unknown_severity_never_passes_silently(resole, root):
    resole("advisory", "import", resole.load("jar.json", {**JAR, "id": "GHSA-zzzz-bbbb-cccc", "aliases": []} | {
        "affected": [{"package": {"ecosystem": "Maven", "name": "org.example:other"}, "versions": ["1"]}]}))
    resole("advisory", "import", resole.load("tracker.json", {"openssl": {"CVE-2024-0002": TRACKER["openssl"]["CVE-2024-0002"]}}))
    scan(resole, root, "--fail-on", "critical", code=5)
    scan(resole, root, "--fail-on", "critical", "--unknown-severity", "low")
    scan(resole, root, "--fail-on", "critical", "--unknown-severity", "critical", code=1)


def test_vex_and_policy_suppress_with_who_and_why(resole, root, tmp_path):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    resole("advisory", "import", resole.load("jar.json", JAR))
    vex = resole.load("vex.json", {"@context": "https://openvex.dev/ns/v0.2.0", "author": "team", "timestamp": "2026-01-01T00:00:00Z", "statements": [
        {"vulnerability": {"name": "CVE-2024-0009"}, "products": [{"@id": "pkg:maven/org.example/shop"}], "status": "not_affected",
         "justification": "vulnerable_code_not_present"}]})
    policy = tmp_path / "policy.yaml"
    policy.write_text("ignore:\n  - vulnerability: CVE-2024-0001\n    owner: ops\n    reason: replaced soon\n    expires: 2999-01-01\n"
                      "  - vulnerability: CVE-2024-0002\n    reason: too late\n    expires: 2001-01-01\n"
                      "fail:\n  - severity: high\n")
    scan(resole, root, "--vex", vex, "--policy", policy, code=5)  # CVE-2024-0002: nobody rated it, the gate asks for a rating
    report = scan(resole, root, "--vex", vex, "--policy", policy, "--unknown-severity", "low")
    assert [w["code"] for w in report["warnings"] if w["code"] == "ignore-rule-expired"]
    by = {f["vulnerability"]: (f["suppressed"] or {}).get("by", "") for f in report["findings"]}
    assert "vex.json" in by["CVE-2024-0009"] and "ops" in by["CVE-2024-0001"] and by["CVE-2024-0002"] == ""
    scan(resole, root, "--vex", vex, "--policy", resole.load("p.yaml", {"fail": [{"severity": "high"}]}), code=1)
    resole("scan", f"dir:{root}", "--policy", resole.load("bad.yaml", {"ignore": [{"vulnerability": "CVE-2024-0001"}]}), code=3)


def test_a_broken_feed_changes_nothing(resole, root, tmp_path):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    before = states(scan(resole, root, code=5))
    cut = tmp_path / "cut.json"
    cut.write_text(json.dumps(TRACKER)[:-20])
    resole("advisory", "import", "--source", "debian-tracker", cut, code=3)
    resole("advisory", "import", "--source", "nowhere", cut, code=3)
    assert states(scan(resole, root, code=5)) == before


def test_export_and_import_carry_everything(resole, root, tmp_path):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    resole("advisory", "import", resole.load("jar.json", JAR))
    before = states(scan(resole, root))
    resole("advisory", "export", tmp_path / "all.bundle")
    resole("advisory", "import", "--dir", tmp_path / "elsewhere", tmp_path / "all.bundle")
    assert states(scan(resole, root, "--advisory-dir", tmp_path / "elsewhere")) == before
    damaged = tmp_path / "damaged.bundle"
    damaged.write_bytes((tmp_path / "all.bundle").read_bytes()[:-40])
    resole("advisory", "import", "--dir", tmp_path / "third", damaged, code=3)


def test_a_release_past_its_end_is_told_and_gated(resole, root, tmp_path):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    resole("advisory", "import", resole.load("jar.json", JAR))
    policy = tmp_path / "policy.yaml"
    policy.write_text("fail: [{end-of-life: true}]")

    def ends(day):
        resole("advisory", "import", "--force", "--source", "endoflife", resole.load("full.json", {
            "schema_version": "1.2.0", "result": [{"name": "debian", "releases": [
                {"name": "12", "releaseDate": "2000-01-01", "isEol": False, "eolFrom": day},
                {"name": "1", "releaseDate": "2000-01-01", "isEol": True, "eolFrom": "2001-01-01"}]}]}))

    scan(resole, root, "--policy", policy)
    ends("2999-01-01")
    scan(resole, root, "--policy", policy)
    ends("2001-01-01")
    report = scan(resole, root, "--policy", policy, code=1)
    assert "end-of-life" in [w["code"] for w in report["warnings"]]
    assert {f["package"]["tier"] for f in report["findings"] if f["gate"] == "fails"} == {"os"}
