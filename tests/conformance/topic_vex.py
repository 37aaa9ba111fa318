"""vex: statements of every document, held against an independent reading of the same JSON; what the
goldens say that a document takes away; documents of validators: read or refused, nothing else."""
import json
import os
import re
import subprocess

from golden import files, locate, tree

CSAF = {"known_not_affected": "not_affected", "known_affected": "affected", "fixed": "fixed",
        "first_fixed": "fixed", "first_affected": "affected", "last_affected": "affected",
        "recommended": "fixed", "under_investigation": "under_investigation"}
CYCLONEDX = {"not_affected": "not_affected", "false_positive": "not_affected", "resolved": "fixed",
             "resolved_with_pedigree": "fixed", "exploitable": "affected",
             "in_triage": "under_investigation"}


class Tool:
    def __init__(self, build):
        self.process = subprocess.Popen([os.path.join(build, "tests", "vex_check")],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *fields):
        self.process.stdin.write(("\t".join(fields) + "\n").encode())
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or '{"error": "it died"}')


def openvex(document):
    for statement in document.get("statements", []):
        vulnerability = statement.get("vulnerability")
        if isinstance(vulnerability, dict):
            vulnerability = vulnerability.get("name") or vulnerability.get("@id")
        yield vulnerability, statement.get("status")


def csaf(document):
    for vulnerability in document.get("vulnerabilities", []):
        name = vulnerability.get("cve")
        ids = vulnerability.get("ids") or []
        name = name or (ids[0].get("text") if ids else None)
        for status, products in (vulnerability.get("product_status") or {}).items():
            if name and products and status in CSAF:
                yield name, CSAF[status]


def cyclonedx(document):
    for vulnerability in document.get("vulnerabilities", []):
        state = (vulnerability.get("analysis") or {}).get("state")
        if state in CYCLONEDX:
            yield vulnerability.get("id"), CYCLONEDX[state]


def kind_of(document):
    if not isinstance(document, dict):
        return None
    if "openvex" in str(document.get("@context", "")):
        return openvex
    if isinstance(document.get("document"), dict) and "csaf_version" in document["document"]:
        return csaf
    if document.get("bomFormat") == "CycloneDX" and document.get("vulnerabilities"):
        return cyclonedx
    return None


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (ValueError, UnicodeDecodeError):
        return None


def said_nothing(came):
    """Refused, or read without a statement about a vulnerability that has a name."""
    named = [] if isinstance(came, dict) else [s for s in came if s["vulnerability"]]
    return named or "no statement"


def run_documents(folder, tool, results):
    for _, path in tree(folder):
        if not path.endswith(".json") or "/goldens/" in path:
            continue
        document = load(path)
        reading, name = kind_of(document), os.path.relpath(path, folder)
        group = "%s/%s" % (name.split("/")[0], reading.__name__ if reading else "other")
        came = tool.ask(path)
        if reading is None:
            results.check(group, name, "no statement", said_nothing(came))
        elif "/validator/" in path:
            results.check(group + "-validator", name, True, isinstance(came, (dict, list)))
        else:
            wanted = sorted({(v, s) for v, s in reading(document) if v and s})
            if not wanted:
                results.check(group, name, "no statement", said_nothing(came))
                continue
            results.check(group, name, wanted, came if isinstance(came, dict) else
                          sorted({(s["vulnerability"], s["status"]) for s in came}))


def rule_holds(rule, statement, vulnerability):
    """An ignore rule of a scanner: status, and perhaps justification and vulnerability."""
    text = json.dumps(rule.get("VexStatus", "")).lower().replace("_", "")
    return statement["status"].replace("_", "") in text and \
        rule.get("VexJustification", statement["justification"]) == statement["justification"] and \
        rule.get("Vulnerability", vulnerability) == vulnerability


def products_of(path):
    """Package URLs and images that a document speaks of: what a scanner's subject would be."""
    text = json.dumps(load(path))
    found = sorted(set(re.findall(r'pkg:[^"\\ ]+', text)))
    packages = [p for p in found if not p.startswith("pkg:oci/")]
    images = [p for p in found if p.startswith("pkg:oci/")]
    return packages[:1], images[:1]


def run_goldens(folder, tool, results):
    for root, name, golden in files(folder):
        for case in golden["cases"]:
            options = case["case"].get("options") if isinstance(case["case"], dict) else None
            path = locate(root, golden["dir"], case["fixture"]) if case.get("fixture") else None
            if not options or not path or not options.get("IgnoreRules"):
                results.skip("results of %s" % name)
                continue
            check_golden(tool, case["case"], path, "goldens/" + name, results)


def ids(value):
    return set(re.findall(r"CVE.\d{4}.\d+", json.dumps(value).replace("_", "-")))


def check_golden(tool, case, path, group, results):
    """The goldens name their matches by constants that hold the CVE's number."""
    wanted = ids(case["wantIgnoredMatches"] and [m["Match"] for m in case["wantIgnoredMatches"]])
    packages, images = products_of(path)
    ignored = set()
    for vulnerability in sorted(ids(case["wantMatches"]) | wanted):
        digest = re.search("sha256[:%]3?A?([0-9a-f]{64})", " ".join(images))
        came = tool.ask(path, vulnerability, (packages or [""])[0], (images or [""])[0],
                        "sha256:" + digest.group(1) if digest else "", "")
        if came and isinstance(came, list) and any(
                rule_holds(r, came[0], vulnerability) for r in case["options"]["IgnoreRules"]):
            ignored.add(vulnerability)
    results.check(group, case["name"], sorted(wanted), sorted(ignored))


def run(folder, build, results):
    tool = Tool(build)
    with results.guard("documents", "all"):
        run_documents(folder, tool, results)
    with results.guard("goldens", "all"):
        run_goldens(folder, tool, results)
