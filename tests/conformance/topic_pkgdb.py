"""pkgdb: package databases, os-release files and whole roots, read by the C readers.

Groups: rpm (what rpm itself lists, in every format of database), go-rpmdb, debian-rootfs, os-release
(identification), inventories (index reports of real images are lists only), and the goldens."""
import glob
import json
import os
import tarfile
import tempfile

from golden import Reader, files, locate, tree, wanted_of
from topic_lang import judge, unpack_txtar

# The last parts of an upstream directory and where its file stands in an image.
PLACES = {
    "os/apk": "lib/apk/db/installed", "alpine": "lib/apk/db/installed",
    "pkg/apk": "lib/apk/db/installed", "os/dpkg": "var/lib/dpkg/status",
    "pkg/dpkg": "var/lib/dpkg/status", "os/pacman": "var/lib/pacman/local/x-1/desc",
    "arch": "var/lib/pacman/local/x-1/desc", "cataloger/debian": "var/lib/dpkg/status",
    "os/cos": "etc/cos-package-info.json", "os/chisel": "var/lib/chisel/manifest.wall",
    "pkg/bottlerocket_inventory": "usr/share/bottlerocket/application-inventory.json",
}
NOT_CLAIMED = {"flatpak": "flatpak", "homebrew": "homebrew", "snap": "snap.yaml",
               "nix": "nix store paths",
               "bitnami": "bitnami .spdx", "rhcc": "labels of Red Hat images"}


def evr(package):
    epoch = package.get("epoch")
    version = "%s-%s" % (package["version"], package["release"])
    return "%s:%s" % (epoch, version) if epoch not in (None, "", 0, "0") else version


def rpm_place(path):
    return "var/lib/rpm/" + os.path.basename(path)


def check_rpm(results, group, reader, database, golden):
    """One case a package: name, version with epoch, architecture, source, vendor, module."""
    wanted = {(p["name"], evr(p), p["arch"]) for p in golden["packages"] if p["name"] != "gpg-pubkey"}
    beside = [f for f in sorted(glob.glob(database + "*")) if not f.endswith("-shm")]
    name = os.path.basename(database)
    offered = [(rpm_place("rpmdb.sqlite" if name.endswith(".sqlite") else
                          "Packages.db" if name.endswith(".db") else "Packages") +
                file[len(database):], file) for file in beside if file[len(database):] in ("", "-wal")]
    answer = reader.ask(offered)
    if answer is None:
        results.fail(group, database, "an answer", "the reader died")
        return
    got = {(p["name"], p["version"], p["arch"]) for p in answer["packages"]}
    for package in sorted(wanted):
        results.check(group, " ".join(package), True, package in got)
    results.check(group, "nothing too much", [], sorted(got - wanted))
    said = {(p["name"], p["version"], p["arch"]): p for p in answer["packages"]}
    for package in golden["packages"]:
        mine = said.get((package["name"], evr(package), package["arch"]))
        if mine and package.get("sourcerpm"):
            source = package["sourcerpm"].rsplit("-", 2)[0]
            results.check(group, "source of %s" % package["name"], source, mine["source_name"])


def run_rpm(folder, reader, results):
    for path in sorted(glob.glob(os.path.join(folder, "rpm", "goldens", "*.json"))):
        with open(path, encoding="utf-8") as file:
            golden = json.load(file)
        name = os.path.basename(path)[:-5]
        database = os.path.join(folder, golden["database"])
        if os.path.exists(database):
            check_rpm(results, "rpm/original", reader, database, golden)
        for variant in sorted(glob.glob(os.path.join(folder, "rpm", "derived", name, "*"))):
            for database in tree(variant):
                if not database[1].endswith(("-wal", "-shm")):
                    check_rpm(results, "rpm/" + os.path.basename(variant), reader, database[1],
                              golden)


def run_listed(folder, reader, results):
    """NAME.packages.json names a database of its source."""
    for path in sorted(glob.glob(os.path.join(folder, "*", "*", "goldens", "*.packages.json"))):
        with open(path, encoding="utf-8") as file:
            golden = json.load(file)
        database = os.path.join(os.path.dirname(os.path.dirname(path)), golden["database"])
        if os.path.exists(database):
            check_rpm(results, path.split(os.sep)[-4], reader, database, golden)


def check_deb(results, group, answer, wanted, status_only):
    got = {(p["name"], p["version"]) for p in answer["packages"] if p["type"] == "deb"}
    said = {p["name"]: p for p in answer["packages"] if p["type"] == "deb"}
    for package in wanted:
        if package.get("status", "installed") in ("not-installed", "config-files"):
            results.check(group, "%s is gone" % package["name"], False,
                          (package["name"], package["version"]) in got)
            continue
        results.check(group, package["name"], True, (package["name"], package["version"]) in got)
        mine = said.get(package["name"])
        if mine and package.get("source"):
            results.check(group, "source of " + package["name"],
                          (package["source"], package.get("source_version", package["version"])),
                          (mine["source_name"], mine["source_version"]))
    names = {p["name"] for p in wanted}
    results.check(group, "nothing too much", [], sorted(n for n, _ in got if n not in names))
    if status_only:
        return


def unpacked(archive):
    """The readers' files of a layer: (path, file), in a directory that the caller keeps."""
    folder = tempfile.TemporaryDirectory(prefix="resole-pkgdb-")
    offered = []
    with tarfile.open(archive) as layer:
        for count, member in enumerate(layer):
            path = member.name.lstrip("./")
            if not member.isfile() or member.size > 64 << 20:
                continue
            file = os.path.join(folder.name, str(count))
            with open(file, "wb") as out:
                out.write(layer.extractfile(member).read())
            offered.append((path, file))
    return folder, offered


def check_root(results, group, reader, archive, expected):
    folder, offered = unpacked(archive)
    with folder:
        answer = reader.ask(offered)
    if answer is None:
        results.fail(group, os.path.basename(archive), "an answer", "the reader died")
        return
    if isinstance(expected, dict):
        check_deb(results, group, answer, expected.get("dpkg", expected.get("packages", [])), False)
        release = expected.get("os_release", {})
        for key in ("ID", "VERSION_ID", "VERSION_CODENAME"):
            if key in release:
                results.check(group, key, release[key], answer["os"].get(key.lower()))
    else:
        check_deb(results, group, answer, expected, False)


def run_roots(folder, reader, results):
    for suite in sorted(glob.glob(os.path.join(folder, "debian-rootfs", "*"))):
        name = "debian-rootfs/" + os.path.basename(suite)
        for archive in sorted(glob.glob(os.path.join(suite, "*.tar.gz"))):
            stem = os.path.basename(archive)[:-7]
            golden = os.path.join(suite, "expected.json" if stem == "rootfs" else stem + ".expected.json")
            if not os.path.exists(golden):
                continue
            with open(golden, encoding="utf-8") as file:
                expected = json.load(file)
            check_root(results, name, reader, archive, expected)
            status = os.path.join(suite, "status")
            if stem == "rootfs" and os.path.exists(status):
                check_deb(results, name, reader.ask([("var/lib/dpkg/status", status)]),
                          expected["dpkg"], True)


def run_identities(folder, reader, results):
    """os-release files with what they should be taken for beside them."""
    pattern = os.path.join(folder, "**", "*-distro-expected.json")
    for path in sorted(glob.glob(pattern, recursive=True)):
        release = path[:-len("-distro-expected.json")]
        if not os.path.exists(release):
            continue
        with open(path, encoding="utf-8") as file:
            expected = json.load(file)
        answer = reader.ask([("etc/os-release", release)])
        name = os.path.relpath(release, folder).split("os-release/")[-1]
        if answer is None:
            results.fail("os-release", name, "an answer", "the reader died")
            continue
        results.check("os-release", name + " id", expected.get("identifier") or "linux",
                      answer["os"].get("id") or "linux")
        results.check("os-release", name + " version", expected.get("version_id") or "",
                      answer["os"].get("version_id") or "")


def run_claircore(folder, reader, results):
    """DIR/want beside DIR/etc/…: the distribution that the files name."""
    for want in sorted(glob.glob(os.path.join(folder, "**", "want"), recursive=True)):
        with open(want, encoding="utf-8") as file:
            expected = json.load(file)
        base = os.path.dirname(want)
        offered = [(os.path.relpath(f, base), f) for _, f in tree(base) if f != want]
        if not offered or not expected or not isinstance(expected[0], dict):
            continue
        answer = reader.ask(offered)
        name = os.path.relpath(base, folder).split("testdata/")[-1]
        came = (answer or {}).get("os", {})
        results.check("identity", name + " id", expected[0].get("did"), came.get("id"))
        version = expected[0].get("version_id") or expected[0].get("version") or ""
        results.check("identity", name + " version", True,
                      came.get("version_id", "") in (version, version.split(" ")[0]) or
                      came.get("version_id", "").startswith(version.split(" ")[0] + "."))


def place_of(golden, case, path):
    directory = golden["dir"]
    parts = directory.split("/")
    if case["case"].get("isOPKG"):
        return "usr/lib/opkg/status"
    for key in ("/".join(parts[-2:]), parts[-1]):
        if key in PLACES:
            return PLACES[key]
    if parts[-1] == "rpm":
        return rpm_place("rpmdb.sqlite" if path.endswith(".sqlite") else "Packages")
    if parts[-1] == "portage" and os.path.getsize(path) < 200:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "var/db/pkg/category/%s/CONTENTS" % file.read().strip().replace("/", "_")
    return None


def offer(golden, case, path):
    if os.path.isdir(path):
        return tree(path)
    stated = case["case"].get("path")
    stated = stated if isinstance(stated, str) else ""
    inner = path.split("testdata/", 1)[-1]
    for mark in ("var/lib/", "usr/lib/opkg", "lib/apk/", "var/db/pkg", "etc/"):
        at = inner.find(mark)
        if at >= 0:
            return [(inner[at:], path)]
    if os.path.basename(path) in ("Packages", "Packages.db", "rpmdb.sqlite"):
        return [(rpm_place(path), path)]
    place = place_of(golden, case, path)
    return [(place or os.path.basename(path), path)]


def run_goldens(folder, reader, results):
    for root, name, golden in files(folder):
        kind = golden["dir"].split("/")[-1]
        group = "%s/%s" % (os.path.relpath(root, folder).split("/")[0], name.split("__")[-1])
        for case in golden["cases"]:
            if not isinstance(case["case"], dict) or not case.get("fixture"):
                continue
            path = locate(root, golden["dir"], case["fixture"])
            wanted = wanted_of(case["case"])
            if path is None or wanted is None:
                continue
            if "cfg" in case["case"]:  # packages that are not installed, on demand
                continue
            if kind in NOT_CLAIMED:
                results.skip(NOT_CLAIMED[kind])
                continue
            with results.guard(group, str(case.get("test"))):
                check_golden(results, reader, group, golden, case, path, wanted)


def check_golden(results, reader, group, golden, case, path, wanted):
    name = "%s/%s" % (case["test"], case["case"].get("name") or case["fixture"])
    with tempfile.TemporaryDirectory(prefix="resole-pkgdb-") as scratch:
        if path.endswith(".txtar"):
            unpack_txtar(path, scratch)
            offered = [(os.path.relpath(f, scratch), f) for _, f in tree(scratch)]
        else:
            offered = offer(golden, case, path)
        answer = reader.ask(offered)
    if answer is None:
        results.fail(group, name, "an answer", "the reader died")
        return
    error = case["case"].get("wantErr")
    if error is True or isinstance(error, dict) and "nil" not in json.dumps(error):
        results.check(group, name, "an answer", "an answer")
        return
    if not wanted and "os" in json.dumps(case["case"].get("want", "")).lower()[:40]:
        return
    missing, extra = judge(wanted, answer)
    results.check(group, name, "as wanted", "as wanted" if not missing and not extra else
                  "%s: missing %s, too much %s" % (case["fixture"], missing[:6], extra[:6]))


def run(folder, build, results):
    reader = Reader(build)
    for part in (run_rpm, run_listed, run_roots, run_identities, run_claircore, run_goldens):
        with results.guard(part.__name__, "the part"):
            part(folder, reader, results)
