"""Goldens: literals of upstream test tables as JSON, {"$id": x} a constant, {"$call": f} a call."""
import glob
import json
import os
import re
import subprocess


CONTAINERS = {"Applications", "Packages", "Package", "Libraries", "Inventory", "PackageInfos"}
OWN = re.compile("Relationship(Root|Workspace)$")


def files(folder):
    """(root of the source, golden's name, its cases) for every golden below the folder."""
    for path in sorted(glob.glob(os.path.join(folder, "**", "goldens", "*.json"), recursive=True)):
        with open(path, encoding="utf-8") as file:
            golden = json.load(file)
        if isinstance(golden, dict) and "cases" in golden:
            yield os.path.dirname(os.path.dirname(path)), os.path.basename(path)[:-5], golden


def locate(root, directory, fixture):
    """Fixtures lie below the tail of the upstream directory that the corpus kept."""
    parts = directory.split("/")
    for i in range(len(parts) + 1):
        path = os.path.join(root, *parts[i:], fixture)
        if os.path.exists(path):
            return path
    return None


def unknown(value):
    return isinstance(value, dict) and ("$id" in value or "$call" in value or "$expr" in value or
                                        "$func" in value)


def whole_version(node, version):
    """Some tools keep epoch and release apart from the version."""
    metadata = node.get("Metadata") if isinstance(node.get("Metadata"), dict) else {}
    epoch, release = node.get("Epoch") or metadata.get("Epoch"), node.get("Release")
    if isinstance(epoch, dict):
        epoch = (epoch.get("args") or [0])[0]
    if isinstance(release, str) and release:
        version = "%s-%s" % (version, release)
    return "%s:%s" % (epoch, version) if epoch and ":" not in version else version


def packages(value):
    """The packages that a literal states, as (name, version) pairs; None if it refers elsewhere."""
    found, own = [], []

    def walk(node):
        if isinstance(node, list):
            return all([walk(n) for n in node])
        if not isinstance(node, dict):
            return node is None
        if unknown(node):
            return False
        if "Name" in node and ("Version" in node or "PURL" in node or "Type" in node):
            name, version = node["Name"], node.get("Version", "")
            if unknown(name) or unknown(version):
                return False
            relationship = node.get("Relationship")
            if isinstance(relationship, dict) and OWN.search(relationship.get("$id", "")):
                own.append(name)
                return True
            metadata = node.get("Metadata")
            group = metadata.get("GroupID", "") if isinstance(metadata, dict) else ""
            found.append((group + ":" + name if group and ":" not in name else name,
                          whole_version(node, version)))
            return True
        if node and not CONTAINERS & set(node):
            return False
        return all([walk(n) for k, n in node.items()
                    if k in CONTAINERS])

    return found if walk(value) else None


def own_projects(value):
    """Names of the packages that the literal calls the application's own (root, workspace)."""
    if isinstance(value, list):
        return {n for v in value for n in own_projects(v)}
    if not isinstance(value, dict):
        return set()
    relationship = value.get("Relationship")
    if isinstance(relationship, dict) and OWN.search(relationship.get("$id", "")):
        return {value.get("Name", "")}
    return {n for v in value.values() for n in own_projects(v)}


def wanted_of(case):
    """The case's expected packages, [] for none, None if it is about something else."""
    if "requestHandlers" in case:
        return None  # answers of a registry, not of a file
    for key in ("WantPackages", "wantPackages", "expectedPackages", "expectedPkgs", "ExpectedPkg",
                "expectedPkg", "ExpectedMetadata", "wantPkgs", "want", "Want", "expected"):
        if key not in case:
            continue
        value = case[key]
        if isinstance(value, (str, bool, int)):
            return None
        return [] if value is None else packages(value)
    if any(k in case for k in ("WantErr", "wantErr")):
        return []
    return None


class Reader:
    """The C tool that offers files to the package readers, one case at a time."""

    def __init__(self, build):
        self.tool = os.path.join(build, "tests", "reader_check")
        self.process = None

    def ask(self, offered):
        """offered: (path in the image, file) pairs; None if the tool died."""
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen([self.tool], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE)
        try:
            for path, file in offered:
                self.process.stdin.write(("%s\t%s\n" % (path, file)).encode())
            self.process.stdin.write(b"--\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = b""
        return json.loads(line) if line else None


def tree(path):
    """The files below a directory, or the file itself, as (relative path, file)."""
    if os.path.isfile(path):
        return [(os.path.basename(path), path)]
    found = []
    top = os.path.dirname(path)
    for base, _, names in os.walk(path):
        for name in sorted(names):
            file = os.path.join(base, name)
            found.append((os.path.relpath(file, top), file))
    return sorted(found)


def normal(name, version):
    """One spelling for names and versions that differ only by a tool's habit."""
    name = re.sub(r"[-_.]+", "-", name.lower()) if "/" not in name else name.lower()
    return name, re.sub(r"^(v|go)(?=\d)", "", version)
