"""Cases of trivy: unit tests of its detectors and goldens of whole images. Their advisories are rows of
its database, bucket = [platform, package]; they become our own assertions first."""
import json
import re

from replay_matcher import compare, package_type, type_of

# A platform of trivy's database → distribution; what follows tells the release.
PLATFORMS = [("alpine ", "alpine"), ("debian ", "debian"), ("ubuntu ", "ubuntu"), ("fedora ", "fedora"),
             ("alma ", "almalinux"), ("rocky ", "rocky"), ("Oracle Linux ", "ol"), ("Red Hat ", "rhel"),
             ("amazon linux ", "amzn"), ("Photon OS ", "photon"), ("wolfi", "wolfi"), ("echo", "echo"),
             ("chainguard", "chainguard"), ("minimos", "minimos"), ("bottlerocket", "bottlerocket"),
             ("CBL-Mariner ", "mariner"), ("Azure Linux ", "azurelinux"),
             ("openSUSE Leap ", "opensuse-leap"), ("openSUSE Tumbleweed", "opensuse-tumbleweed"),
             ("SUSE Linux Enterprise Micro ", "sle-micro"), ("SUSE Linux Enterprise ", "sles")]
FAMILIES = {"alma": "almalinux", "oracle": "ol", "amazon": "amzn", "suse": "sles",
            "opensuse.leap": "opensuse-leap", "opensuse.tumbleweed": "opensuse-tumbleweed",
            "cbl-mariner": "mariner", "azure": "azurelinux",
            "slem": "sle-micro", "suse linux enterprise server": "sles", "none": ""}
# Who rebuilds distributions' packages: his platforms begin with his name ("root.io debian 12").
VENDORS = {"rapidfort": "rapidfort", "root.io": "rootio", "seal": "seal"}
MAJOR_ONLY = {"almalinux", "rocky", "ol", "debian", "rhel", "fedora"}
BINARY_NAMED = {"almalinux", "rocky", "ol", "amzn", "opensuse-leap", "opensuse-tumbleweed", "sles",
                "sle-micro"}
LIST_FIXES_ONLY = {"alpine", "wolfi", "chainguard", "minimos"}


def expression(value):
    """VulnerableVersions, PatchedVersions, UnaffectedVersions → a range and what is safe."""
    vulnerable = value.get("VulnerableVersions") or []
    safe = (value.get("PatchedVersions") or []) + (value.get("UnaffectedVersions") or [])
    if "" in vulnerable + (value.get("PatchedVersions") or []):
        return {}
    out = {"safe_ranges": safe}
    if vulnerable:
        out["affected_range"] = " || ".join(vulnerable)
    return out


def distro_of(platform):
    """→ (stream, distribution, the release as the platform spells it), None: none that we know."""
    vendor = next((v for v in VENDORS if platform.startswith(v + " ")), None)
    stream, rest = (VENDORS[vendor], platform[len(vendor) + 1:]) if vendor else ("", platform)
    for prefix, distro in PLATFORMS:
        if rest == prefix.strip() or rest.startswith(prefix):
            return stream, distro, rest[len(prefix):]
    return None


def release_of(distro, version):
    if distro in MAJOR_ONLY:
        return version.split(".")[0]
    if distro == "amzn":
        major = version.split(" ")[0].split(".")[0]
        return major if major.isdigit() and int(major) >= 2 and int(major) < 2018 or major in ("2022", "2023") else "1"
    if distro in ("alpine", "mariner", "azurelinux", "photon", "ubuntu"):
        return ".".join(version.split(".")[:2])
    return version.replace("-SP", ".").replace(" SP", ".")


def vendor_row(row, stream, distro, release):
    """Rebuilders name ranges in words. A platform without release is of what they alone build."""
    value = row["value"] or {}
    return dict(type=package_type(distro), name=row["bucket"][1], distro=distro, stream=stream,
                release=release_of(distro, release), vulnerability=row["key"], name_kind="source",
                state="affected", affected_range=" || ".join(value.get("VulnerableVersions") or []))


def os_row(row, distro, release):
    """The assertions of one row of a distribution."""
    value, name = row["value"] or {}, row["bucket"][1]
    module, _, plain = name.rpartition("::")
    base = {"type": package_type(distro), "name": plain or name, "distro": distro,
            "release": release_of(distro, release), "vulnerability": row["key"],
            "name_kind": "binary" if distro in BINARY_NAMED else "source", "conditions": []}
    if module:
        base["conditions"].append({"kind": "module", "value": module})
    entries = value.get("Entries") or [value]
    for entry in entries:
        fixed = entry.get("FixedVersion") or ""
        if not isinstance(fixed, str) or fixed == "invalid":
            continue
        limit = value.get("AffectedVersion") or ""
        if distro in LIST_FIXES_ONLY and not fixed and not limit:
            continue
        if fixed == "0":
            yield dict(base, state="not-affected")
            continue
        out = dict(base, state="fixed" if fixed else "affected",
                   ranges=[{"introduced": limit, "fixed": fixed}])
        arches = entry.get("Arches") or []
        for arch in arches or [None]:
            yield dict(out, conditions=base["conditions"] + (
                [{"kind": "arch", "value": arch}] if arch else []))


def row_assertions(row):
    if not isinstance(row.get("bucket"), list) or len(row["bucket"]) < 2:
        return []
    platform = row["bucket"][0]
    if not isinstance(row["value"], (dict, type(None))):
        return []
    if "::" in platform:
        kind = type_of(platform.split("::")[0].removeprefix("seal "))
        return [] if kind is None else [dict(
            expression(row["value"]), type=kind, name=row["bucket"][1], vulnerability=row["key"])]
    where = distro_of(platform)
    if where is None or where[1] == "rhel" and not where[0]:
        return []  # a platform without the ecosystem is read by nobody; Red Hat's own rows: replay_red_hat.py
    stream, distro, release = where
    if stream:
        return [vendor_row(row, stream, distro, release)]
    return list(os_row(row, distro, release))


def whole(package, key=None):
    source = package.get("source") if key else package
    if not source:
        return None
    version, release = source.get("version") or "", source.get("release") or ""
    epoch = source.get("epoch")
    version = "%s-%s" % (version, release) if release else version
    return "%s:%s" % (epoch, version) if epoch and ":" not in version else version


def question_package(package, distro, version):
    kind = type_of(package.get("type"))
    if kind or not distro:
        return {"type": kind or package.get("type") or "", "name": package["name"],
                "version": package["version"]}
    source = package.get("source") or {}
    return {"type": package_type(distro), "name": package["name"], "version": whole(package),
            "arch": package.get("arch"), "source_name": source.get("name"),
            "source_version": whole(package, "source"), "module": package.get("modularitylabel"),
            "distro": distro, "release": release_of(distro, version)}


def base_of(version, package):
    """What a rebuilder's image was built from: the case's version shows it, an rpm its own tag."""
    tag = re.search(r"\.(el|fc)(\d+)", whole(package))
    if tag:
        return {"el": "rhel", "fc": "fedora"}[tag.group(1)], tag.group(2)
    if re.fullmatch(r"\d\d\.(04|10)", version):
        return "ubuntu", version
    if re.match(r"3\.\d\d", version):
        return "alpine", version
    return ("debian" if "deb" in whole(package) else "rhel"), version


def vendor_package(package, stream, version):
    distro, release = base_of(version, package)
    out = question_package(package, distro, release)
    out["stream"] = stream
    if stream == "rapidfort" and re.search(r"rfubu|\+rf\.|\.rf\d*$", out["version"]):
        out["release"] = ""  # built by the vendor himself, of no release
    return out


def vendor_assertions(assertions, packages):
    """RapidFort's platforms without release speak of its own builds, the others of the release's."""
    own = {p["release"] for p in packages}
    return [a for a in assertions if a.get("stream") != "rapidfort" or a["release"] in own]


def run_rows(matcher, group, case, results):
    system = case.get("os") or {}
    family = (system.get("family") or "").lower()
    family = FAMILIES.get(family, family)
    if case.get("expect_error"):  # of a database that cannot be read: not a question of matching
        results.skip("errors of a database")
        return
    version = (system.get("repository") or {}).get("Release") or system.get("version") or ""
    if family == "azurelinux" and not version.startswith("3"):
        family = "mariner"
    assertions = [a for row in case["advisories"] for a in row_assertions(row)]
    if family in VENDORS.values():
        packages = [vendor_package(p, family, version) for p in case["packages"]]
        assertions = vendor_assertions(assertions, packages)
    elif family and family not in {d for _, d in PLATFORMS}:
        results.skip("advisories of %s" % family)
        return
    else:
        packages = [question_package(p, family, version) for p in case["packages"]]
    packages = [p for p in packages if p["version"] and p["version"] != "invalid"]
    wanted = {(e["package"], e["id"]) for e in case["expected"] or []}
    # Ksplice's packages have fixes of their own, which say nothing of others.
    versions = "".join(p["version"] for p in packages)
    assertions = [a for a in assertions if "ksplice" not in json.dumps(a.get("ranges", "")) or
                  "ksplice" in versions]
    answer = matcher.ask(packages, assertions)
    if isinstance(answer, list):
        # A golden that lists package URLs alone does not say which source a package is built from.
        told = {a["name"].lower() for a in assertions}
        shown = {p["name"] for p in packages if p["name"].lower() in told or
                 (p.get("source_name") or "").lower() in told}
        wanted = {w for w in wanted if w[0] in shown}
    compare(results, group, case["id"], answer, packages, wanted)
