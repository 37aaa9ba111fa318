"""replay: packages and advisories with the findings that must come, answered by the matcher.

Kinds: range (one advisory range), osv (recorded answers), and the unit tests and images whose
advisories are rows of trivy's database: rows are put into our own assertions first. Sources that we
do not claim (vendors' rebuilds, CPE matching) are counted, not run."""
import glob
import json
import os
import re
import subprocess
import urllib.parse

TYPES = {"npm": "npm", "maven": "maven", "pep440": "pypi", "pip": "pypi", "rubygems": "gem",
         "composer": "composer", "go": "golang", "cargo": "cargo", "nuget": "nuget",
         "conan": "conan", "erlang": "hex", "hex": "hex", "pub": "pub", "swift": "swift",
         "bitnami": "bitnami", "generic": "semver", "jar": "maven", "gradle": "maven",
         "pom": "maven", "pipenv": "pypi", "poetry": "pypi", "uv": "pypi", "python-pkg": "pypi",
         "node-pkg": "npm", "yarn": "npm", "pnpm": "npm", "bun": "npm", "gemspec": "gem",
         "bundler": "gem", "gomod": "golang", "gobinary": "golang", "PythonPkg": "pypi",
         "packages-props": "nuget", "NodePkg": "npm", "Jar": "maven", "GemSpec": "gem",
         "GoModule": "golang", "Composer": "composer", "RustBinary": "cargo",
         "cocoapods": "cocoapods", "mix": "hex", "bundler": "gem", "Bundler": "gem",
         "gradle-lockfile": "maven", "Pipenv": "pypi", "Poetry": "pypi", "Npm": "npm", "Yarn": "npm", "PyPI": "pypi", "Go": "golang"}

# A platform of trivy's database → distribution and the part of its version that tells releases apart.
PLATFORMS = [("alpine ", "alpine"), ("debian ", "debian"), ("ubuntu ", "ubuntu"),
             ("alma ", "almalinux"), ("rocky ", "rocky"), ("Oracle Linux ", "ol"),
             ("amazon linux ", "amzn"), ("Photon OS ", "photon"), ("wolfi", "wolfi"),
             ("chainguard", "chainguard"), ("CBL-Mariner ", "mariner"), ("Azure Linux ", "azurelinux"),
             ("openSUSE Leap ", "opensuse-leap"), ("openSUSE Tumbleweed", "opensuse-tumbleweed"),
             ("SUSE Linux Enterprise Micro ", "sle-micro"), ("SUSE Linux Enterprise ", "sles")]
FAMILIES = {"alma": "almalinux", "oracle": "ol", "amazon": "amzn", "suse": "sles",
            "opensuse.leap": "opensuse-leap", "opensuse.tumbleweed": "opensuse-tumbleweed",
            "opensuse-leap": "opensuse-leap", "opensuse-tumbleweed": "opensuse-tumbleweed",
            "cbl-mariner": "mariner", "azurelinux": "azurelinux", "azure": "azurelinux", "mariner": "mariner",
            "slem": "sle-micro", "suse linux enterprise server": "sles", "none": ""}
MAJOR_ONLY = {"almalinux", "rocky", "ol", "debian"}
BINARY_NAMED = {"almalinux", "rocky", "ol", "amzn", "opensuse-leap", "opensuse-tumbleweed", "sles",
                "sle-micro"}
APK, DEB = {"alpine", "wolfi", "chainguard"}, {"debian", "ubuntu"}


class Matcher:
    def __init__(self, build):
        self.process = subprocess.Popen([os.path.join(build, "tests", "match_check")],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, packages, assertions):
        question = json.dumps({"packages": packages, "assertions": assertions})
        self.process.stdin.write((question + "\n").encode())
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or '{"error": "the matcher died"}')


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
    for prefix, distro in PLATFORMS:
        if platform.startswith(prefix):
            return distro, platform[len(prefix):]
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


def package_type(distro):
    return "deb" if distro in DEB else "apk" if distro in APK else "rpm"


def os_row(row, distro, release):
    """The assertions of one row of a distribution."""
    value, name = row["value"], row["bucket"][1]
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
        if distro in APK and not fixed and not limit:
            continue  # their feeds list fixes alone
        out = dict(base, state="fixed" if fixed else "affected",
                   ranges=[{"introduced": limit, "fixed": fixed}])
        arches = entry.get("Arches") or []
        for arch in arches or [None]:
            yield dict(out, conditions=base["conditions"] + (
                [{"kind": "arch", "value": arch}] if arch else []))


def row_assertions(row):
    """None: a source that we do not claim."""
    if not isinstance(row.get("bucket"), list) or len(row["bucket"]) < 2:
        return []
    platform = row["bucket"][0]
    if not isinstance(row["value"], dict):
        return []
    if "::" in platform:
        kind = TYPES.get(platform.split("::")[0])
        return None if kind is None else [dict(
            expression(row["value"]), type=kind, name=row["bucket"][1], vulnerability=row["key"])]
    where = distro_of(platform)
    return None if where is None else list(os_row(row, *where))


def whole(package, key=None):
    source = package.get("source") if key else package
    if not source:
        return None
    version, release = source.get("version") or "", source.get("release") or ""
    epoch = source.get("epoch")
    version = "%s-%s" % (version, release) if release else version
    return "%s:%s" % (epoch, version) if epoch and ":" not in version else version


def question_package(package, distro, version):
    kind = TYPES.get(package.get("type") or "")
    if kind or not distro:
        return {"type": kind or package.get("type") or "", "name": package["name"],
                "version": package["version"]}
    source = package.get("source") or {}
    return {"type": package_type(distro), "name": package["name"], "version": whole(package),
            "arch": package.get("arch"), "source_name": source.get("name"),
            "source_version": whole(package, "source"), "module": package.get("modularitylabel"),
            "distro": distro, "release": release_of(distro, version)}


def found(answer, packages):
    return {(packages[f["package"]]["name"], f["vulnerability"]) for f in answer
            if f["state"] not in ("not-affected", "unknown")}


def compare(results, group, case, answer, packages, wanted):
    if isinstance(answer, dict):
        results.fail(group, case, sorted(wanted), answer)
        return
    if "ignore-unfixed" in case:  # a golden's name tells the options of its scan
        answer = [f for f in answer if f["fixed"]]
    came = found(answer, packages)
    if re.search("-(low|medium|high|critical)$", case):
        came &= wanted
    results.check(group, case, sorted(wanted), sorted(came))


def run_range(matcher, group, case, results):
    kind = TYPES.get(case["ecosystem"], case["ecosystem"])
    packages = [dict(p, type=kind) for p in case["packages"]]
    assertions = [dict(expression(a), type=kind, name=case["packages"][0]["name"],
                       vulnerability="the advisory") for a in case["advisories"]]
    wanted = {(e["package"], e["id"]) for e in case["expected"]}
    compare(results, group, case["id"], matcher.ask(packages, assertions), packages, wanted)


def osv_assertions(advisory):
    for affected in advisory.get("affected", []):
        package = affected["package"]
        kind = TYPES.get(package["ecosystem"], package["ecosystem"].lower())
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
    packages = [dict(p, type=TYPES.get(p["ecosystem"], p["type"])) for p in case["packages"]]
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


def run_rows(matcher, group, case, results):
    system = case.get("os") or {}
    family = FAMILIES.get((system.get("family") or "").lower(), (system.get("family") or "").lower())
    if family in ("redhat", "centos"):
        run_red_hat(matcher, group, case, results)
        return
    version = (system.get("repository") or {}).get("Release") or system.get("version") or ""
    if family == "azurelinux" and not version.startswith("3"):
        family = "mariner"
    assertions = []
    if case.get("expect_error"):  # of a database that cannot be read: not a question of matching
        results.skip("errors of a database")
        return
    for row in case["advisories"]:
        mapped = row_assertions(row)
        if mapped is None and relevant(row, case):
            results.skip("advisories of %s" % row["bucket"][0].split("::")[-1].rstrip("0123456789. "))
            return
        assertions += mapped or []
    if family and family not in {d for _, d in PLATFORMS}:
        results.skip("advisories of %s" % family)
        return
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


def fixed_in(text):
    """claircore keeps OSV ranges as fixed=…&introduced=…&lastAffected=…, else a plain version."""
    if "=" not in text:
        return {"fixed": text}
    stated = {k: v[0] for k, v in urllib.parse.parse_qs(text).items()}
    return {"introduced": stated.get("introduced"), "fixed": stated.get("fixed"),
            "last_affected": stated.get("lastAffected")}


def claircore_package(package):
    inner = package.get("Package", package)
    return {"name": inner.get("Name") or inner.get("name") or "p",
            "version": inner.get("Version") or inner.get("version") or "",
            "arch": inner.get("Arch") or inner.get("arch")}


def claircore_assertion(advisory, name):
    package = advisory.get("Package") or advisory.get("package") or {}
    out = {"name": package.get("Name") or package.get("name") or name,
           "vulnerability": advisory.get("Name") or advisory.get("name") or "the advisory",
           "ranges": [fixed_in(advisory.get("FixedInVersion") or advisory.get("fixed_in_version") or "")]}
    if advisory.get("ArchOperation") == "OpEquals":
        out["conditions"] = [{"kind": "arch", "value": package.get("Arch") or ""}]
    return out


HINTS = {"Maven": "maven", "RubyGems": "gem", "PyPI": "pypi", "pypi": "pypi", "npm": "npm",
         "Go": "golang", "nodejs": "npm", "python": "pypi", "java": "maven", "ruby": "gem"}


def hint_of(group, advisory):
    package = advisory.get("Package") or {}
    repository = advisory.get("repository") or {}
    repository = repository.get("name") if isinstance(repository, dict) else repository
    return HINTS.get(package.get("RepositoryHint")) or HINTS.get(repository) or \
        HINTS.get(group.split("-")[-1])


def run_claircore(matcher, group, case, results):
    """Language packages and Amazon's; repositories told by CPE are another matter."""
    kinds = {hint_of(group, a) or ("rpm" if group.endswith("aws") else None)
             for a in case["advisories"]}
    if None in kinds or not kinds:
        results.skip("unit cases of %s" % group)
        return
    packages, assertions, wanted = [], [], set()
    distro = {"distro": "amzn", "release": "2"} if group.endswith("aws") else {}
    for package in case["packages"]:
        if any("cpe:" in r for r in package.get("repository") or [] if isinstance(r, str)):
            continue
        packages += [dict(claircore_package(package), type=kind, **distro) for kind in sorted(kinds)]
    for advisory in case["advisories"]:
        kind = hint_of(group, advisory) or "rpm"
        assertions.append(dict(claircore_assertion(advisory, packages[0]["name"]), type=kind, **distro))
    for expected in case["expected"]:
        wanted.add((expected.get("package") or packages[0]["name"], expected["id"]))
    wanted = {w for w in wanted if w[0] in {p["name"] for p in packages}}
    compare(results, group, case["id"], matcher.ask(packages, assertions), packages, wanted)


GRYPE = {"Debian": "debian", "Ubuntu": "ubuntu", "Alpine": "alpine", "Wolfi": "wolfi",
         "Chainguard": "chainguard", "RedHat": "rhel", "AlmaLinux": "almalinux",
         "Rocky": "rocky", "OracleLinux": "ol", "AmazonLinux": "amzn", "Fedora": "fedora"}


def grype_fixed_in(item):
    """A record of vunnel's OS schema: one assertion for every package and release."""
    vulnerability = item["Vulnerability"]
    for entry in vulnerability.get("FixedIn") or []:
        distro, _, release = entry["NamespaceName"].partition(":")
        if "+" in release:
            continue
        version = entry["Version"] if entry["Version"] not in ("None", "") else None
        out = {"type": package_type(distro), "name": entry["Name"], "distro": distro,
               "release": "" if release == "rolling" else release,
               "vulnerability": vulnerability["Name"], "name_kind": "source", "conditions": []}
        if entry.get("Module"):
            out["conditions"].append({"kind": "module", "value": entry["Module"]})
        if version in ("0", "0:0") or entry.get("VulnerableRange") == "< 0":
            yield dict(out, state="not-affected")
        else:
            yield dict(out, state="fixed" if version else "affected",
                       ranges=[{"fixed": version}])


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


def grype_package(package):
    distro = package["distro"]
    name = GRYPE[distro["type"]]
    upstream = package.get("Upstream") or [None, None]
    label = re.search(r'ModularityLabel: *strPtr\("([^"]*)"', str(package.get("Metadata", "")))
    version = re.sub("^0:", "", package["version"])
    return {"type": package_type(name), "name": package["name"], "version": version,
            "arch": package.get("Architecture"), "source_name": upstream[0],
            "source_version": upstream[1] or (version if upstream[0] else None),
            "module": label.group(1) if label else None, "distro": name,
            "release": distro["version"].split(".")[0] if name in ("rhel", "almalinux", "rocky", "ol",
                                                                   "debian") else distro["version"]}


def run_grype(matcher, group, case, results):
    """Records of distributions; what only the NVD's CPEs would find is not asked."""
    distros = [p.get("distro") for p in case["packages"]]
    if not all(isinstance(d, dict) and d["type"] in GRYPE for d in distros):
        results.skip("extended support and CPE matching of %s" % group)
        return
    assertions = []
    known = {a["item"]["Vulnerability"]["Name"] for a in case["advisories"]
             if isinstance(a.get("item", {}).get("Vulnerability"), dict)}
    for advisory in case["advisories"]:
        item = advisory.get("item", {})
        if isinstance(item.get("Vulnerability"), dict):
            assertions += list(grype_fixed_in(item))
        elif "affected" in item:
            assertions += list(grype_osv(item, known))
    told = {a["vulnerability"] for a in assertions} | {i for a in assertions for i in a.get("aliases", [])}
    wanted = {(e["package"], e["id"]) for e in case["expected"]}
    if any(e["id"] not in told for e in case["expected"]):
        results.skip("extended support and CPE matching of %s" % group)
        return
    packages = [grype_package(p) for p in case["packages"]]
    if any(p["distro"] == "almalinux" for p in packages):
        assertions = [a for a in assertions if a["distro"] == "almalinux"]
    compare(results, group, case["id"], matcher.ask(packages, assertions), packages, wanted)


def relevant(row, case):
    names = {p["name"] for p in case["packages"]}
    names |= {(p.get("source") or {}).get("name") for p in case["packages"]}
    return row["bucket"][1] in names


def run(folder, build, results):
    matcher = Matcher(build)
    kinds = {"range": run_range, "osv": run_osv}
    for path in sorted(glob.glob(os.path.join(folder, "*", "*.json"))):
        with open(path, encoding="utf-8") as file:
            case = json.load(file)
        group = os.path.basename(os.path.dirname(path))
        runner = kinds.get(case.get("kind"))
        if runner is None and any("bucket" in a for a in case.get("advisories", [])):
            runner = run_rows
        if runner is None and group.startswith("claircore"):
            runner = run_claircore
        if runner is None and any("item" in a for a in case.get("advisories", [])):
            runner = run_grype
        if runner is None:
            results.skip("unit cases of %s" % group)
            continue
        with results.guard(group, case.get("id", os.path.basename(path))):
            runner(matcher, group, case, results)
