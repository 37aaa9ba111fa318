"""replay: packages and advisories with the findings that must come, answered by the matcher.

Kinds: range (one advisory range), osv (recorded answers), and the unit tests and images whose
advisories are rows of another scanner's database: those become our own assertions first. What people
judged of real images (labels.tsv) is measured beside them."""
import glob
import json
import os

import replay_labels
from replay_claircore import run_claircore
from replay_grype import run_grype
from replay_matcher import Matcher, compare, type_of
from replay_red_hat import run_red_hat
from replay_rows import expression, run_rows


def run_range(matcher, group, case, results):
    kind = (type_of(case["ecosystem"]) or case["ecosystem"])
    packages = [dict(p, type=kind) for p in case["packages"]]
    assertions = [dict(expression(a), type=kind, name=case["packages"][0]["name"],
                       vulnerability="the advisory") for a in case["advisories"]]
    wanted = {(e["package"], e["id"]) for e in case["expected"]}
    compare(results, group, case["id"], matcher.ask(packages, assertions), packages, wanted)


def osv_assertions(advisory):
    for affected in advisory.get("affected", []):
        package = affected["package"]
        kind = (type_of(package["ecosystem"]) or package["ecosystem"].lower())
        ranges = []
        for stated in affected.get("ranges", []):
            if stated["type"] == "GIT":
                continue
            introduced = None
            for event in stated["events"]:
                if "introduced" in event:
                    introduced = event["introduced"]
                    ranges.append({"introduced": introduced})
                elif ranges:
                    ranges[-1].update(event)
        yield {"type": kind, "name": package["name"], "vulnerability": advisory["id"],
               "aliases": advisory.get("aliases", []), "ranges": ranges,
               "versions": affected.get("versions", [])}


def run_osv(matcher, group, case, results):
    """An answer may tell one vulnerability by any of its ids."""
    packages = [dict(p, type=(type_of(p["ecosystem"]) or p["type"])) for p in case["packages"]]
    assertions = [a for advisory in case["advisories"] for a in osv_assertions(advisory)]
    answer = matcher.ask(packages, assertions)
    if isinstance(answer, dict):
        results.fail(group, case["id"], case["expected"], answer)
        return
    ids = {i for f in answer if f["state"] not in ("not-affected", "unknown")
           for i in [f["vulnerability"], *f["aliases"]]}
    names = {a["id"]: {a["id"], *a.get("aliases", [])} for a in case["advisories"]}
    wanted = {e["id"] for e in case["expected"]}
    missing = sorted(w for w in wanted if not names.get(w, {w}) & ids)
    extra = sorted(a for a, all_names in names.items() if a not in wanted and a in ids and
                   not any(all_names & names[w] for w in wanted if w in names))
    results.check(group, case["id"], ([], []), (missing, extra))


def run_database(matcher, group, case, results):
    family = ((case.get("os") or {}).get("family") or "").lower()
    (run_red_hat if family in ("redhat", "centos") else run_rows)(matcher, group, case, results)


def run(folder, build, results):
    matcher = Matcher(build)
    kinds = {"range": run_range, "osv": run_osv}
    for path in sorted(glob.glob(os.path.join(folder, "*", "*.json"))):
        with open(path, encoding="utf-8") as file:
            case = json.load(file)
        group = os.path.basename(os.path.dirname(path))
        runner = kinds.get(case.get("kind"))
        if runner is None and any("bucket" in a for a in case.get("advisories", [])):
            runner = run_database
        if runner is None and group.startswith("claircore"):
            runner = run_claircore
        if runner is None and any("item" in a for a in case.get("advisories", [])):
            runner = run_grype
        if runner is None:
            results.skip("unit cases of %s" % group)
            continue
        with results.guard(group, case.get("id", os.path.basename(path))):
            runner(matcher, group, case, results)
    replay_labels.run(os.path.dirname(os.path.abspath(folder)), build)
