"""Unit tests of grype's matchers: their advisories are records as vunnel keeps them."""
import json
import re

from replay_matcher import compare, package_type

GRYPE = {"Debian": "debian", "Ubuntu": "ubuntu", "Alpine": "alpine", "Wolfi": "wolfi",
         "Chainguard": "chainguard", "RedHat": "rhel", "AlmaLinux": "almalinux",
         "Rocky": "rocky", "OracleLinux": "ol", "AmazonLinux": "amzn", "Fedora": "fedora",
         "Hummingbird": "hummingbird"}


def stream_of(release, support):
    """Extended support of one minor release is a stream of its own: "eus-9.4"."""
    return "%s-%s" % (support, release) if support else ""


def parts_of(text):
    """"< a || >= b, < c": the ranges of a record that several errata mend."""
    for part in text.split("||"):
        bounds = dict(reversed(b.split()) for b in part.split(",") if len(b.split()) == 2)
        yield {"introduced": bounds_of(bounds, ">="), "fixed": bounds_of(bounds, "<"),
               "last_affected": bounds_of(bounds, "<=")}


def bounds_of(bounds, operator):
    return next((version for version, o in bounds.items() if o == operator), None)


def grype_fixed_in(item):
    """A record of vunnel's OS schema: one assertion for every package and release."""
    vulnerability = item["Vulnerability"]
    for entry in vulnerability.get("FixedIn") or []:
        distro, _, release = entry["NamespaceName"].partition(":")
        release, _, support = release.partition("+")
        version = entry["Version"] if entry["Version"] not in ("None", "") else None
        out = {"type": package_type(distro), "name": entry["Name"], "distro": distro,
               "release": "" if release == "rolling" else release, "stream": stream_of(release, support),
               "vulnerability": vulnerability["Name"], "name_kind": "source", "conditions": []}
        if entry.get("Module"):
            out["conditions"].append({"kind": "module", "value": entry["Module"]})
        if version in ("0", "0:0") or entry.get("VulnerableRange") == "< 0":
            yield dict(out, state="not-affected")
        else:
            stated = entry.get("VulnerableRange") or ""
            yield dict(out, state="fixed" if version else "affected",
                       ranges=list(parts_of(stated)) if "||" in stated else [{"fixed": version}])


def grype_csaf(item):
    """A document of Red Hat's hardened images: product ids are STREAM:PACKAGE, sources end in .src."""
    for vulnerability in item.get("vulnerabilities", []):
        for product in vulnerability["product_status"].get("known_affected", []):
            stream, _, name = product.partition(":")
            distro, _, release = stream.partition("-")
            if not name.endswith(".src"):
                yield {"type": "rpm", "name": name, "distro": distro, "release": release, "state": "affected",
                       "name_kind": "binary", "vulnerability": vulnerability["cve"], "ranges": [{}]}


def grype_osv(item, known):
    """AlmaLinux's advisories speak of the CVEs that other records of the fixture describe."""
    for affected in item.get("affected", []):
        module = (affected.get("ecosystem_specific") or {}).get("rpm_modularity")
        ecosystem = affected["package"]["ecosystem"]
        distro, _, release = ecosystem.partition(":")
        distro = GRYPE.get(distro)
        if not distro:
            continue
        ids = item.get("related") or item.get("upstream") or [item["id"]]
        events = [e for r in affected.get("ranges", []) for e in r["events"]]
        fixed = next((e["fixed"] for e in events if "fixed" in e), None)
        ids = [i for i in ids if i in known] if distro == "almalinux" else [item["id"]]
        for vulnerability in ids:
            yield {"type": package_type(distro), "name": affected["package"]["name"],
                   "distro": distro, "release": release, "vulnerability": vulnerability,
                   "name_kind": "binary", "state": "fixed" if fixed else "affected",
                   "conditions": [{"kind": "module", "value": module}] if module else [],
                   "ranges": [{"introduced": "0", "fixed": fixed}], "aliases": [item["id"]]}


def distro_of(package):
    """{"type", "version"}, or the call that the test makes for a host with extended support."""
    distro = package.get("distro")
    extended = re.fullmatch(r'newEUSDistro\("([\d.]+)"\)', distro) if isinstance(distro, str) else None
    if extended:
        return {"type": "RedHat", "version": extended.group(1), "support": "eus"}
    return distro if isinstance(distro, dict) and distro["type"] in GRYPE else None


def grype_package(package):
    distro = distro_of(package)
    name = GRYPE[distro["type"]]
    upstream = package.get("Upstream") or [None, None]
    label = re.search(r'ModularityLabel: *strPtr\("([^"]*)"', str(package.get("Metadata", "")))
    version = re.sub("^0:", "", package["version"])
    return {"type": package_type(name), "name": package["name"], "version": version,
            "arch": package.get("Architecture"), "source_name": upstream[0],
            "source_version": upstream[1] or (version if upstream[0] else None),
            "module": label.group(1) if label else None, "distro": name,
            "stream": stream_of(distro["version"], distro.get("support")),
            "release": distro["version"].split(".")[0] if name in ("rhel", "almalinux", "rocky", "ol",
                                                                   "debian") else distro["version"]}


def run_grype(matcher, group, case, results):
    """Records of distributions, and of the NVD as our own reader reads them."""
    if not all(distro_of(p) for p in case["packages"]):
        results.skip("distributions of %s" % group)
        return
    assertions = []
    known = {a["item"]["Vulnerability"]["Name"] for a in case["advisories"]
             if isinstance(a.get("item", {}).get("Vulnerability"), dict)}
    for advisory in case["advisories"]:
        item = advisory.get("item", {})
        if isinstance(item.get("Vulnerability"), dict):
            assertions += list(grype_fixed_in(item))
        elif "product_tree" in item:
            assertions += list(grype_csaf(item))
        elif "affected" in item:
            assertions += list(grype_osv(item, known))
    documents = [{"format": "nvd", "name": a["item"]["cve"]["id"] + ".json", "text": json.dumps(a["item"])}
                 for a in case["advisories"] if isinstance(a.get("item", {}).get("cve"), dict)]
    told = {a["vulnerability"] for a in assertions} | {i for a in assertions for i in a.get("aliases", [])}
    wanted = {(e["package"], e["id"]) for e in case["expected"]}
    told |= {d["name"].removesuffix(".json") for d in documents}
    if any(e["id"] not in told for e in case["expected"]):
        results.skip("records of another kind of %s" % group)
        return
    packages = [grype_package(p) for p in case["packages"]]
    if any(p["distro"] == "almalinux" for p in packages):
        assertions = [a for a in assertions if a["distro"] == "almalinux"]
    compare(results, group, case["id"], matcher.ask(packages, assertions, documents), packages, wanted)
