"""Cases of trivy whose rows are Red Hat's: an entry holds for products, told by content set or image."""
import re

from replay_matcher import compare
from replay_rows import whole


def red_hat_products(case):
    """Which of Red Hat's products the packages come from, as indices of the database: by content set
    or by the image's name, else the release's own repositories."""
    table = {(r["bucket"][1], r["key"]): r["value"] for r in case["advisories"]
             if r["bucket"][0] == "Red Hat CPE" and len(r["bucket"]) > 1}
    major = case["os"]["version"].split(".")[0]
    usual = ["rhel-%s-server-rpms" % major] if int(major) < 8 else [
        "rhel-%s-for-x86_64-baseos-rpms" % major, "rhel-%s-for-x86_64-appstream-rpms" % major]
    products = set()
    for package in case["packages"]:
        built = package.get("build_info") or {}
        for name in built.get("ContentSets") or ([] if built.get("Nvr") else usual):
            products |= set(table.get(("repository", re.sub(r"__\d+$", "", name)), []))
        if built.get("Nvr"):
            products |= set(table.get(("nvr", "%s-%s" % (built["Nvr"], built.get("Arch"))), []))
    return products


STATUSES = {1: "not-affected", 4: "under-investigation", 5: "will-not-fix", 6: "deferred",
            7: "end-of-life"}


def red_hat_row(row, products, release):
    module, _, name = row["bucket"][1].rpartition("::")
    for entry in row["value"].get("Entries") or []:
        if not products & set(entry.get("Affected") or []):
            continue
        fixed = entry.get("FixedVersion")
        for cve in entry.get("Cves") or [{}]:
            out = {"type": "rpm", "name": name, "name_kind": "binary", "distro": "rhel",
                   "release": release, "vulnerability": cve.get("ID") or row["key"],
                   "state": "fixed" if fixed else STATUSES.get(entry.get("Status"), "affected"), "ranges": [{"fixed": fixed or None}],
                   "conditions": [{"kind": "module", "value": module}] if module else []}
            for arch in entry.get("Arches") or [None]:
                yield dict(out, conditions=out["conditions"] + (
                    [{"kind": "arch", "value": arch}] if arch else []))


def run_red_hat(matcher, group, case, results):
    if case.get("expect_error"):
        results.skip("errors of a database")
        return
    products, release = red_hat_products(case), case["os"]["version"].split(".")[0]
    assertions = [a for row in case["advisories"] if row["bucket"][0] == "Red Hat"
                  for a in red_hat_row(row, products, release)]
    # An erratum that names a CVE supersedes the word that it is open.
    mended = {(a["name"], a["vulnerability"]) for a in assertions if a["state"] == "fixed"}
    assertions = [a for a in assertions if a["state"] == "fixed" or
                  (a["name"], a["vulnerability"]) not in mended]
    packages = []
    for package in case["packages"]:
        packages.append({"type": "rpm", "name": package["name"], "version": whole(package),
                         "arch": package.get("arch"), "module": package.get("modularitylabel"),
                         "distro": "rhel", "release": release})
    wanted = {(e["package"], e["id"]) for e in case["expected"] or []}
    answer = matcher.ask(packages, assertions)
    compare(results, group, case["id"], answer, packages, wanted)
