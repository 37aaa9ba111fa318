"""`resole scan` with no server, against advisory data of our own."""

import json
import os
import subprocess

import jsonschema
import pytest

from images import dpkg_paragraph, jar_of

pytestmark = pytest.mark.program("resole", "resole-reader")

TRACKER = {"openssl": {
    "CVE-2024-0001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.11-1~deb12u2", "urgency": "high"}}},
    "CVE-2024-0002": {"releases": {"bookworm": {"status": "open", "urgency": "not yet assigned"}}}}}
JAR = {"id": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2024-0009"], "summary": "demo", "affected": [
    {"package": {"ecosystem": "Maven", "name": "org.example:shop"},
     "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.3"}]}],
     "database_specific": {"severity": "CRITICAL"}}]}


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "srv").mkdir()
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')
    (root / "var/lib/dpkg/status").write_text(dpkg_paragraph("libssl3", "3.0.11-1~deb12u1", "openssl"))
    (root / "srv/shop.jar").write_bytes(jar_of("org.example", "shop", "1.2.3"))
    return root


@pytest.fixture
def resole(build, tmp_path):
    def run(*arguments, code=0):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RESOLE_ADVISORY_DIR": str(tmp_path / "advisory"),
                       "RESOLE_PROGRAMS_DIR": os.path.join(build, "bin"), "LC_ALL": "C.UTF-8",
                       "RESOLE_REPOSITORIES_FILE": "/dev/null"}
        done = subprocess.run([os.path.join(build, "bin/resole"), *map(str, arguments)], capture_output=True, text=True, env=environment)
        assert done.returncode == code, f"exit {done.returncode}: {done.stderr}\n{done.stdout}"
        return done.stdout

    def load(name, document):
        path = tmp_path / name
        path.write_text(json.dumps(document))
        return path

    run.load = load
    return run


def scan(resole, root, *options, code=0):
    return json.loads(resole("scan", f"dir:{root}", "-o", "json", *options, code=code))


def states(report):
    return {f["vulnerability"]: (f["state"], f["fixed_version"], f["severity"]) for f in report["findings"]}


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
    report = scan(resole, root, "--vex", vex, "--policy", policy)
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


def test_sarif_has_a_rule_for_every_result(resole, root):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    resole("advisory", "import", resole.load("jar.json", JAR))
    run = json.loads(resole("scan", f"dir:{root}", "-o", "sarif"))["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert sorted(rules) == sorted({r["ruleId"] for r in run["results"]}) and len(rules) == 3
    assert {r["level"] for r in run["results"]} == {"error", "warning"}
