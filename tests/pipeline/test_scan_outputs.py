"""What `resole scan` writes, held against the formats' own schemas where an index can be reached; its
exit codes; `resole explain`."""

import base64
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as xml
import zipfile

import jsonschema
import pytest
from lxml import etree

from images import Pusher, debian_files, digest_of, image_of, jar_of, layer_of
from parts import Registry
from scan_parts import JAR, TRACKER, resole, root, scan  # noqa: F401

pytestmark = pytest.mark.program("resole", "resole-reader")

FORMATS = ["table", "json", "sarif", "junit", "html", "cyclonedx-json", "spdx-json", "openvex"]
VEX = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://team.example/vex/1", "author": "team", "version": 1,
       "timestamp": "2026-01-01T00:00:00Z", "statements": [
           {"vulnerability": {"name": "CVE-2024-0009"}, "products": [{"@id": "pkg:maven/org.example/shop"}],
            "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"}]}


@pytest.fixture
def loaded(resole):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    resole("advisory", "import", resole.load("jar.json", {
        **JAR, "summary": 'no <b>"escape"</b> & \u0007 of it', "published": "2024-02-03T04:05:06Z",
        "references": [{"type": "WEB", "url": "https://example.org/a?b=1&c=<2>"}],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}))
    return resole


@pytest.fixture(scope="session")
def fetched(tmp_path_factory):
    """fetched(command, pattern): the path of a file out of a package of a public index, or a skip."""
    def fetch(command, suffix):
        place = tmp_path_factory.mktemp("fetched")
        if not shutil.which(command[0]):
            pytest.skip(f"{command[0]} is not installed: not held against {suffix}")
        try:
            done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            pytest.skip(f"the index is not reachable: not held against {suffix}")
        packages = glob.glob(f"{place}/*.whl") + glob.glob(f"{place}/*.gz") + glob.glob(f"{place}/*.tgz")
        if done.returncode != 0 or not packages:
            pytest.skip(f"the index is not reachable: not held against {suffix}")
        for package in packages:
            if package.endswith(".whl"):
                zipfile.ZipFile(package).extractall(place)
            else:
                tarfile.open(package).extractall(place)
        found = sorted(glob.glob(f"{place}/**/{suffix}", recursive=True))
        if not found:
            pytest.skip(f"the package of the index holds no {suffix}")
        return found[0]

    return fetch


def pip(*arguments):
    return [sys.executable, "-m", "pip", "-q", "download", "--no-deps", "--disable-pip-version-check", "--retries", "1",
            "--timeout", "10", *arguments]


def test_several_outputs_at_once_are_the_single_ones(loaded, root, tmp_path):
    files = {name: tmp_path / f"out.{name}" for name in FORMATS}
    assert loaded("scan", f"dir:{root}", *[f"-o{n}={f}" for n, f in files.items()]) == ""
    for name, file in files.items():
        assert file.read_text() == loaded("scan", f"dir:{root}", "-o", name), name
        assert file.stat().st_size > 200
    loaded("scan", f"dir:{root}", "-o", "xml", code=2)
    loaded("scan", f"dir:{root}", "-o", f"json={tmp_path}/no/such/place", code=4)


def test_sarif_has_a_rule_for_every_result(loaded, root):
    run = json.loads(loaded("scan", f"dir:{root}", "-o", "sarif", "--vex", loaded.load("vex.json", VEX)))["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert sorted(rules) == sorted({r["ruleId"] for r in run["results"]}) and len(rules) == 3
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert not result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("/")
    assert {r["level"] for r in run["results"]} == {"error", "warning"}
    severities = {r["id"]: r["properties"].get("security-severity") for r in run["tool"]["driver"]["rules"]}
    assert severities == {"CVE-2024-0001": "8.0", "CVE-2024-0002": None, "CVE-2024-0009": "9.8"}
    (suppressed,) = [r for r in run["results"] if r.get("suppressions")]
    assert "team" in suppressed["suppressions"][0]["justification"]


def test_sarif_against_its_schema(loaded, root, fetched):
    schema = json.load(open(fetched(["npm", "pack", "@microsoft/jest-sarif"], "sarif-2.1.0*.json")))
    report = json.loads(loaded("scan", f"dir:{root}", "-o", "sarif", "--vex", loaded.load("vex.json", VEX)))
    jsonschema.Draft7Validator(schema).validate(report)
    report["runs"][0]["results"][0].pop("message")
    assert not jsonschema.Draft7Validator(schema).is_valid(report)


def cases(text):
    return {c.get("name").split()[0]: [e.tag for e in c] for c in xml.fromstring(text).iter("testcase")}


def test_junit_fails_what_the_gate_fails(loaded, root):
    vex = loaded.load("vex.json", VEX)
    assert cases(loaded("scan", f"dir:{root}", "-o", "junit", "--vex", vex)) == {
        "every": [], "CVE-2024-0001": ["failure"], "CVE-2024-0002": ["failure"], "CVE-2024-0009": ["skipped"]}
    assert cases(loaded("scan", f"dir:{root}", "-o", "junit", "--fail-on", "critical", code=1)) == {
        "every": [], "CVE-2024-0001": [], "CVE-2024-0002": ["error"], "CVE-2024-0009": ["failure"]}
    suites = xml.fromstring(loaded("scan", f"dir:{root}", "-o", "junit")).findall("testsuite")
    assert [s.get("name") for s in suites] == ["advisory data", "os", "stack", "application"]
    for suite in suites:
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))


def test_junit_without_data_errs(resole, root):
    assert cases(resole("scan", f"dir:{root}", "-o", "junit", code=5)) == {"every": ["error"]}


def test_junit_against_its_schema(loaded, root):
    schema = etree.XMLSchema(etree.parse(os.path.join(os.path.dirname(__file__), "../data/junit.xsd")))
    for options in (["--vex", loaded.load("vex.json", VEX)], ["--fail-on", "critical"]):
        text = loaded("scan", f"dir:{root}", "-o", "junit", *options, code=1 if "--fail-on" in options else 0)
        schema.assertValid(etree.fromstring(text.encode()))
    assert not schema.validate(etree.fromstring(b"<testsuites><testcase/></testsuites>"))


def test_html_stands_alone_and_is_escaped(loaded, root):
    page = loaded("scan", f"dir:{root}", "-o", "html")
    assert "<script" not in page and not re.search(r'( src=|@import|url\()', page)
    assert "<b>" not in page and "no &lt;b&gt;&quot;escape&quot;&lt;/b&gt; &amp; ? of it" in page
    body = page.replace("<!doctype html>", "").replace('<meta charset="utf-8">', "").replace("<br>", "")
    xml.fromstring(re.sub(r"<meta [^>]*>", "", body))  # every element closed
    assert "Base image: operating system" in page and "<h2>Application</h2>" in page


def test_cyclonedx_carries_vulnerabilities_and_their_analysis(loaded, root, tmp_path):
    vex = loaded.load("vex.json", VEX)
    document = json.loads(loaded("scan", f"dir:{root}", "-o", "cyclonedx-json", "--vex", vex))
    refs = {c["bom-ref"] for c in document["components"]}
    found = {v["id"]: v for v in document["vulnerabilities"]}
    assert set(found) == {"CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0009"}
    assert all(v["affects"][0]["ref"] in refs for v in found.values())
    assert found["CVE-2024-0009"]["analysis"]["state"] == "not_affected"
    assert found["CVE-2024-0009"]["analysis"]["justification"] == "code_not_reachable"
    assert found["CVE-2024-0009"]["ratings"][0]["score"] == 9.8
    assert found["CVE-2024-0001"]["analysis"] == {"state": "exploitable", "response": ["update"]}
    out = tmp_path / "with.json"
    out.write_text(json.dumps(document))
    again = json.loads(loaded("scan", f"sbom:{out}", "-o", "json"))
    assert {f["vulnerability"] for f in again["findings"]} == set(found)
    # as a VEX document it takes away what it says does not affect
    report = scan(loaded, root, "--vex", out)
    assert [f["vulnerability"] for f in report["findings"] if f["suppressed"]] == ["CVE-2024-0009"]


def test_cyclonedx_against_its_schema(loaded, root, fetched):
    path = fetched(pip("cyclonedx-python-lib"), "bom-1.6*.schema.json")
    document = json.loads(loaded("scan", f"dir:{root}", "-o", "cyclonedx-json", "--vex", loaded.load("vex.json", VEX)))
    schema = json.load(open(path))
    store = {}
    for other in glob.glob(os.path.join(os.path.dirname(path), "*.schema.json")):
        text = json.load(open(other))
        store[text.get("$id", "")] = text
        store[os.path.basename(other)] = text
    resolver = jsonschema.RefResolver(f"file://{path}", schema, store=store)
    jsonschema.Draft7Validator(schema, resolver=resolver).validate(document)


def test_spdx_refers_to_advisories(loaded, root):
    document = json.loads(loaded("scan", f"dir:{root}", "-o", "spdx-json"))
    notes = {r["comment"].split(":")[0]: r["referenceLocator"] for p in document["packages"]
             for r in p.get("externalRefs", []) if r["referenceCategory"] == "SECURITY"}
    assert set(notes) == {"CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0009"}
    assert notes["CVE-2024-0009"] == "https://example.org/a?b=1&c=<2>"


def test_openvex_goes_out_and_comes_back(loaded, root, tmp_path):
    first = loaded("scan", f"dir:{root}", "-o", "openvex", "--vex", loaded.load("vex.json", VEX))
    status = {s["vulnerability"]["name"]: s["status"] for s in json.loads(first)["statements"]}
    assert status == {"CVE-2024-0001": "affected", "CVE-2024-0002": "affected", "CVE-2024-0009": "not_affected"}
    for statement in json.loads(first)["statements"]:
        assert ("action_statement" in statement) == (statement["status"] == "affected")
    out = tmp_path / "out.openvex.json"
    out.write_text(first)
    report = scan(loaded, root, "--vex", out)
    assert [f["vulnerability"] for f in report["findings"] if f["suppressed"]] == ["CVE-2024-0009"]


RATED = {"openssl": {"CVE-2024-0001": TRACKER["openssl"]["CVE-2024-0001"]}}
UNRATED = {"openssl": {"CVE-2024-0002": TRACKER["openssl"]["CVE-2024-0002"]}}
# (what is loaded, options) → code: one row for every meeting of gate, doubt and unknown severity.
EXITS = [
    ((), [], 5),
    ((), ["--fail-on", "low"], 5),
    ((RATED,), [], 5),  # the jar: no source
    ((RATED,), ["--fail-on", "high"], 1),  # the gate before the doubt
    ((RATED,), ["--fail-on", "critical"], 5),
    ((RATED, JAR), [], 0),
    ((RATED, JAR), ["--fail-on", "critical"], 1),
    ((RATED, JAR), ["--fail-on", "critical", "--vex", "VEX"], 0),
    ((RATED, JAR), ["--fail-on", "high", "--vex", "VEX"], 1),
    ((UNRATED, JAR), ["--vex", "VEX"], 0),
    ((UNRATED, JAR), ["--vex", "VEX", "--fail-on", "critical"], 5),
    ((UNRATED, JAR), ["--vex", "VEX", "--fail-on", "critical", "--unknown-severity", "high"], 0),
    ((UNRATED, JAR), ["--vex", "VEX", "--fail-on", "high", "--unknown-severity", "high"], 1),
    ((UNRATED, JAR), ["--vex", "VEX", "--fail-on", "critical", "--only-fixed"], 0),
    ((UNRATED, JAR), ["--fail-on", "critical"], 1),
    ((UNRATED, JAR), ["--vex", "VEX", "--policy", "fail: [{severity: critical}]"], 5),
    ((UNRATED, JAR), ["--vex", "VEX", "--policy", "{unknown-severity: low, fail: [{severity: critical}]}"], 0),
    ((UNRATED, JAR), ["--vex", "VEX", "--policy", "{unknown-severity: low, fail: [{severity: critical}]}", "--unknown-severity", "critical"], 1),
    ((UNRATED, JAR), ["--vex", "VEX", "--policy", "fail: [{package: libssl3}]"], 1),
    ((UNRATED, JAR), ["--policy", "{ignore: [{tier: os, reason: r}, {tier: application, reason: r}], fail: [{risk: 0}]}"], 0),
    ((UNRATED, JAR), ["--policy", "ignore: [{tier: os}]"], 3),
    ((RATED, JAR), ["--policy", "/no/such/file"], 3),
    ((RATED, JAR), ["--vex", "/no/such/file"], 3),
    ((RATED, JAR), ["--fail-on", "bad"], 2),
    ((RATED, JAR), ["--fail-on", "unknown"], 2),
    ((RATED, JAR), ["--unknown-severity", "unknown"], 2),
    ((RATED, JAR), ["--fail-on"], 2),
    ((RATED, JAR), ["--no-such-option"], 2),
    ((RATED, JAR), ["another-operand"], 2),
]


def test_every_exit_code(resole, root, tmp_path):
    for number, (documents, options, code) in enumerate(EXITS):
        advisory = tmp_path / f"data{number}"
        for k, document in enumerate(documents):
            resole("advisory", "import", "--dir", advisory, resole.load(f"{number}-{k}.json", document))
        options = list(options)
        for i, option in enumerate(options):
            if option == "VEX":
                options[i] = resole.load("vex.json", VEX)
            elif i > 0 and options[i - 1] == "--policy" and not option.startswith("/"):
                options[i] = tmp_path / f"policy{number}.yaml"
                options[i].write_text(option)
        resole("scan", f"dir:{root}", "--advisory-dir", advisory, *options, code=code)
    resole("scan", "dir:/no/such/root", code=3)
    resole("scan", "127.0.0.1:9/nobody/listens:1", code=4)
    (tmp_path / "advisory").mkdir()
    (tmp_path / "advisory/osv.shelf").write_text("no shelf")
    resole("scan", f"dir:{root}", code=3)


def test_explain_tells_evidence_record_versions_rule_and_suppressions(loaded, root, tmp_path):
    loaded("explain", "CVE-2024-0009", code=2)  # nothing scanned yet
    policy = tmp_path / "policy.yaml"
    policy.write_text("ignore:\n  - name: waiting\n    vulnerability: CVE-2024-0009\n    owner: ops\n    reason: replaced soon\n"
                      "    expires: 2999-01-01\n  - name: over\n    package: org.example:*\n    reason: was\n    expires: 2001-01-01\n")
    report = scan(loaded, root, "--vex", loaded.load("vex.json", VEX), "--policy", policy)
    ids = {f["vulnerability"]: f["id"] for f in report["findings"]}
    text = loaded("explain", ids["CVE-2024-0009"])
    for part in ("pkg:maven/org.example/shop@1.2.3", "srv/shop.jar", "layer      0", "no distribution package", "osv-maven, record GHSA-aaaa-bbbb-cccc",
                 "compared   org.example:shop 1.2.3: version < fixed", "fixed in   1.3", "range      0 <= version < 1.3", "CVSS 9.8",
                 "holds: VEX", "vulnerable_code_not_in_execute_path", "holds: policy waiting, ops: replaced soon (until 2999-01-01)",
                 "does not hold: policy over: was (until 2001-01-01)"):
        assert part in text, f"{part}\n{text}"
    assert "\a" not in text
    text = loaded("explain", "CVE-2024-0001", f"dir:{root}", "--policy", policy)
    assert "built from openssl 3.0.11-1~deb12u1" in text and "suppressed   no" in text and "holds for  debian 12" in text
    assert loaded("explain", "GHSA-aaaa-bbbb-cccc").startswith(ids["CVE-2024-0009"])
    assert json.loads(loaded("explain", ids["CVE-2024-0001"], "-o", "json"))["vulnerability"] == "CVE-2024-0001"
    loaded("explain", "CVE-2024-7777", code=3)
    loaded("explain", "CVE-2024-0001", "-o", "xml", code=2)
    loaded("explain", code=2)


def test_the_table_parts_base_and_application_and_says_what_to_do(loaded, root):
    table = loaded("scan", f"dir:{root}")
    assert table.index("\nbase image: operating system\n") < table.index("\napplication\n")
    assert "base image: 2 (operating system 2, stack 0), 1 with a fix; application: 1, 1 with a fix\n" in table
    assert table.endswith(f"what to do: `resole patch dir:{root}` mends 1; raise org.example:shop 1.2.3 to 1.3\n")
    only = loaded("scan", f"dir:{root}", "--only-fixed")
    assert "CVE-2024-0002" not in only and "CVE-2024-0001" in only


@pytest.fixture(scope="module")
def registry(place):
    registry = Registry(place, name="registry-vex").start()
    yield registry
    registry.kill()


def attach(pusher, repository, subject, media_type, document, tag=None):
    """A referrer as clients write it where the registry has no referrers API: an index under the subject's tag."""
    body = json.dumps(document).encode()
    for data in (body, b"{}"):
        pusher.blob(repository, digest_of(data), data)
    oci = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": oci, "artifactType": media_type,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2},
        "layers": [{"mediaType": media_type, "digest": digest_of(body), "size": len(body)}],
        "subject": {"mediaType": oci, "digest": subject[0], "size": subject[1]}}).encode()
    if tag:
        pusher.manifest(repository, tag, manifest, oci)
        return
    pusher.manifest(repository, digest_of(manifest), manifest, oci)
    pusher.manifest(repository, subject[0].replace(":", "-"), json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": oci, "digest": digest_of(manifest), "size": len(manifest), "artifactType": media_type}]}).encode(),
        "application/vnd.oci.image.index.v1+json")


def test_vex_attached_to_the_image_counts_when_asked_for(loaded, registry):
    pusher = Pusher(registry.address)
    image = image_of([layer_of({**debian_files({"libssl3": ("3.0.11-1~deb12u1", "openssl")}),
                                "srv/shop.jar": jar_of("org.example", "shop", "1.2.3")})])
    pusher.image("vex/shop", "1", image)
    subject = image.digest, len(image.manifest)
    where = f"{registry.address}/vex/shop:1"
    own = {**VEX, "statements": [{**VEX["statements"][0], "products": [{
        "@id": f"pkg:oci/shop@{image.digest}", "subcomponents": [{"@id": "pkg:maven/org.example/shop"}]}]}]}

    def suppressed(*options):
        report = json.loads(loaded("scan", where, "-o", "json", *options))
        return {f["vulnerability"]: f["suppressed"]["by"] for f in report["findings"] if f["suppressed"]}

    assert suppressed("--attached-vex") == {}
    attach(pusher, "vex/shop", subject, "application/openvex+json", own)
    assert suppressed() == {}  # nobody asked
    assert list(suppressed("--attached-vex")) == ["CVE-2024-0009"] and "team" in suppressed("--attached-vex")["CVE-2024-0009"]
    attach(pusher, "vex/shop", subject, "application/openvex+json", {"no": "vex"})
    report = json.loads(loaded("scan", where, "-o", "json", "--attached-vex"))
    assert "attached-vex" in [w["code"] for w in report["warnings"]] and report["verdict"] == "affected"
    statement = {"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://openvex.dev/ns/v0.2.0", "predicate": own}
    envelope = {"payloadType": "application/vnd.in-toto+json", "signatures": [],
                "payload": base64.b64encode(json.dumps(statement).encode()).decode()}
    attach(pusher, "vex/shop", subject, "application/vnd.dsse.envelope.v1+json", envelope, tag=image.digest.replace(":", "-") + ".att")
    assert list(suppressed("--attached-vex")) == ["CVE-2024-0009"]
    written = json.loads(loaded("scan", where, "-o", "openvex", "--attached-vex"))
    back = loaded.load("back.json", written)
    assert list(suppressed("--vex", back)) == ["CVE-2024-0009"]
    assert list(suppressed("--vex", loaded.load("stmt.json", envelope))) == ["CVE-2024-0009"]
