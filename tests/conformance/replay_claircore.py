"""Unit tests and recorded images of claircore: its own objects, verbatim."""
import re
import urllib.parse

from replay_matcher import compare


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


def product_of(repository):
    """Red Hat's repositories are told by CPE (URI binding): the release and, beside it, the stream of
    a product that is not the release itself. Its images are packages of their product too."""
    name = repository.get("Name", "") if isinstance(repository, dict) else repository
    parts = urllib.parse.unquote(name.replace("%02", "*")).split(":")
    edition = next((p[2:] for p in parts[5:] if re.fullmatch(r"el\d+", p)), "")
    if len(parts) < 5 or parts[2] != "redhat":
        return {"distro": "rhel", "release": edition, "stream": ""}
    if parts[3] in ("enterprise_linux", "rhel"):
        return {"distro": "rhel", "release": parts[4].split(".")[0], "stream": ""}
    # 4.* holds for every 4.N, and 4 does too; an advisory that names no release holds for any.
    return {"distro": "rhel", "release": edition,
            "stream": "%s:%s" % (parts[3], parts[4].removesuffix(".*"))}


def run_products(matcher, group, case, results):
    packages = [dict(claircore_package(p), type="rpm", **product_of(p["Repository"])) for p in case["packages"]]
    assertions = []
    for advisory in case["advisories"]:
        out = dict(claircore_assertion(advisory, "p"), type="rpm", name_kind="binary", **product_of(advisory["Repo"]))
        fixed = out["ranges"][0]["fixed"]
        assertions.append(dict(out, state="fixed" if fixed else "affected"))
    wanted = {(packages[0]["name"], e["id"]) for e in case["expected"]}
    compare(results, group, case["id"], matcher.ask(packages, assertions), packages, wanted)


def run_claircore(matcher, group, case, results):
    """Language packages, Amazon's and Red Hat's products."""
    if all("Repository" in p for p in case["packages"]) and all("Repo" in a for a in case["advisories"]):
        run_products(matcher, group, case, results)
        return
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
