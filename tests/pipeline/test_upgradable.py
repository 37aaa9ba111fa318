"""The package repositories as a source against apt itself, over a minimal image of every Debian suite that this machine's
mirror has: what `resole scan` says can be updated is what `apt list --upgradable` says, and its findings follow from it."""

import json
import os
import re
import shutil
import subprocess
import tarfile
import urllib.error
import urllib.request

import pytest

from debian_root import run
from scan_parts import resole  # noqa: F401

pytestmark = pytest.mark.program("resole", "resole-reader")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = ["bullseye", "bookworm", "trixie"]


def mirrors():
    """(archive, security) as this machine's apt has them; None where it has no Debian."""
    found = {}
    for entry in run("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(ORIGIN)").splitlines():
        site, suite, origin = (entry.split(" ", 2) + ["", ""])[:3]
        if origin == "Debian":
            found["security" if suite.endswith("-security") else "archive"] = site
    return found.get("archive"), found.get("security")


def lines_of(codename):
    archive, security = mirrors()
    if not archive or not security:
        pytest.skip("this machine's apt knows no Debian mirror with its security suite")
    suites = [(archive, codename), (archive, codename + "-updates"), (security, codename + "-security")]
    for site, suite in suites:
        try:
            urllib.request.urlopen(f"{site}/dists/{suite}/InRelease", timeout=30).close()
        except (OSError, urllib.error.URLError) as problem:
            pytest.skip(f"{suite} cannot be reached: {problem}")
    return [f"deb [signed-by={KEYRING}] {site} {suite} main" for site, suite in suites]


def make_root(codename, line, place):
    """The release as it came, without what came after: /etc/os-release and the package database of it."""
    if not shutil.which("mmdebstrap") or os.geteuid() != 0 or not os.path.exists(KEYRING):
        pytest.skip("needs mmdebstrap, root and Debian's keyring")
    tar = place / "root.tar"
    made = subprocess.run(["mmdebstrap", "--mode=root", "--variant=minbase", "--format=tar", codename, str(tar), line],
                          capture_output=True, timeout=900, check=False)
    if made.returncode != 0:
        pytest.skip("mmdebstrap cannot make a root here: " + made.stderr.decode()[-300:])
    root = place / "root"
    wanted = ("./var/lib/dpkg/status", "./usr/lib/os-release", "./etc/os-release", "./etc/debian_version")
    with tarfile.open(tar) as archive:
        for member in archive:
            if member.name in wanted or "./" + member.name in wanted:
                archive.extract(member, root)
    tar.unlink()
    return root


def upgradable(root, lines, place):
    """(name, arch) → (installed, candidate), by apt, which needs no chroot for it."""
    for folder in ("lists/partial", "cache/archives/partial", "etc"):
        (place / "apt" / folder).mkdir(parents=True)
    (place / "apt/list").write_text("\n".join(lines) + "\n")
    options = {"Dir::Etc": place / "apt/etc", "Dir::Etc::SourceList": place / "apt/list", "Dir::Etc::SourceParts": "/dev/null",
               "Dir::State::lists": place / "apt/lists", "Dir::State::status": root / "var/lib/dpkg/status",
               "Dir::Cache": place / "apt/cache", "APT::Architecture": "amd64", "APT::Architectures": "amd64",
               "APT::Sandbox::User": "root"}
    arguments = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    run("apt-get", *arguments, "update")
    found = {}
    for line in run("apt", *arguments, "list", "--upgradable").splitlines():
        match = re.fullmatch(r"([^/]+)/\S+ (\S+) (\S+) \[upgradable from: (\S+)\]", line)
        if match:
            found[match[1], match[3]] = (match[4], match[2])
    return found


@pytest.mark.parametrize("codename", SUITES)
def test_updates_are_what_apt_offers(resole, codename, tmp_path):
    lines = lines_of(codename)
    root = make_root(codename, lines[0], tmp_path)
    (tmp_path / "sources.list").write_text("\n".join(lines) + "\n")
    resole.environment["RESOLE_REPOSITORIES_FILE"] = str(tmp_path / "sources.list")
    by_apt = upgradable(root, lines, tmp_path)
    report = json.loads(resole("scan", f"dir:{root}", "-o", "json", code=None))
    assert [d["state"] for d in report["advisory_data"] if d["source"] == "apt"] == ["fresh"], report["warnings"]
    ours = {(u["package"], u["arch"]): (u["installed"], u["candidate"]) for u in report["updates"]}
    assert {key: (ours.get(key), by_apt.get(key)) for key in ours.keys() | by_apt.keys() if ours.get(key) != by_apt.get(key)} == {}
    # Each finding of the repositories is of a package that has an update, and no rebuild is one; what has an update and
    # no finding is information: its changelog names nothing, or stays unread, which is a warning.
    news = {u["package"]: u for u in report["updates"]}
    found = {f["package"]["name"] for f in report["findings"] if any(s["source"].startswith("apt") for s in f["sources"])}
    assert found <= news.keys()
    assert not [name for name in found if news[name]["rebuild"]]
    assert all(w["code"] != "no-repository" for w in report["warnings"])
