"""Conffiles, diversions, statoverrides and excluded paths on a real root, against dpkg itself: a package of our own
goes from version 1 to 2, once by `resole patch`, once by `dpkg -i --force-confdef --force-confold` in a chroot."""

import json
import os
import shutil

import pytest

from debian_repository import Key, Repository
from debian_root import Layout, differences, inside, listed, run, verify

pytestmark = pytest.mark.program("resole", "resole-layer-writer")

FIRST = {"etc/x/plain": "a\n", "etc/x/edited": "a\n", "etc/x/both": "a\n", "etc/x/deleted": "a\n", "etc/x/alike": "a\n",
         "etc/x/obsolete": "a\n", "etc/x/gone": "a\n", "usr/bin/x-diverted": "1\n", "sbin/x-aliased": "1\n", "usr/bin/x-override": "1\n",
         "usr/bin/x-old": "1\n", "usr/share/x/old/file": "1\n", "usr/share/doc/x/manual": "1\n"}
SECOND = {"etc/x/plain": "b\n", "etc/x/edited": "a\n", "etc/x/both": "b\n", "etc/x/deleted": "b\n", "etc/x/alike": "b\n",
          "etc/x/gone": "a\n", "etc/x/fresh": "b\n", "usr/bin/x-diverted": "2\n", "sbin/x-aliased": "2\n", "usr/bin/x-override": "2\n",
          "usr/bin/x-new": "2\n", "usr/share/doc/x/manual": "2\n"}


def conffiles(files):
    return {"conffiles": "".join(f"/{name}\n" for name in files if name.startswith("etc/"))}


@pytest.fixture(scope="module")
def roots(build, debian_root, tmp_path_factory):
    place = tmp_path_factory.mktemp("conffiles")
    key = Key(str(place / "key"))
    repository = Repository(str(place / "repository"), key)
    suite = debian_root.codename + "-security"
    first = repository.add("first", "x", "1", FIRST, scripts=conffiles(FIRST))
    second = repository.add(suite, "x", "2", SECOND, scripts=conffiles(SECOND))
    repository.publish(suite, suite)
    reference = place / "reference"
    reference.mkdir()
    run("tar", "-xf", str(debian_root.tar), "-C", str(reference))
    with inside(reference, debian_root.lines) as chroot:
        (reference / "etc/dpkg/dpkg.cfg.d/doc").write_text("path-exclude=/usr/share/doc/x/*\n")
        shutil.copy(first, reference / "tmp/aside/x.deb")
        chroot.run("dpkg", "-i", "/tmp/aside/x.deb")
        for name, text in (("edited", "mine\n"), ("both", "mine\n"), ("alike", "b\n")):
            (reference / "etc/x" / name).write_text(text)
        for name in ("deleted", "gone"):
            (reference / "etc/x" / name).unlink()
        chroot.run("dpkg-divert", "--local", "--rename", "--divert", "/usr/bin/x-real", "--add", "/usr/bin/x-diverted")
        chroot.run("dpkg-divert", "--local", "--rename", "--divert", "/sbin/x-aliased.real", "--add", "/sbin/x-aliased")
        (reference / "usr/sbin/x-aliased").write_text("the administrator's\n", encoding="utf-8")
        chroot.run("dpkg-statoverride", "--update", "--add", "root", "mail", "2750", "/usr/bin/x-override")
        chroot.run("rm", "-f", "/var/lib/dpkg/status-old", "/var/log/dpkg.log")
    run("tar", "-cf", str(place / "root.tar"), "-C", str(reference), "--xattrs", "--numeric-owner", ".")
    with inside(reference, debian_root.lines) as chroot:
        shutil.copy(second, reference / "tmp/aside/x.deb")
        chroot.run("dpkg", "-i", "--force-confdef", "--force-confold", "/tmp/aside/x.deb")
    layout = Layout(place / "oci")
    layout.add("old", place / "root.tar")
    programs = os.path.join(build, "bin")
    said = json.loads(run(os.path.join(programs, "resole"), "patch", f"oci:{place}/oci:old", "--to", f"oci:{place}/oci:new",
                          "--repository", f"deb [signed-by={key.public}] {repository.address} {suite} main", "-o", "json",
                          env={**os.environ, "RESOLE_PROGRAMS_DIR": programs}))
    yield said, layout.lay_down("new", place / "patched"), reference
    repository.server.shutdown()
    key.close()
    shutil.rmtree(place, ignore_errors=True)


def test_result_is_what_dpkg_makes_of_it(roots):
    said, patched, reference = roots
    assert [(item["package"], item["to"]) for item in said["packages"]] == [("x", "2")]
    different = differences(patched, reference)
    assert {path: what for path, what in different.items() if path not in listed("patch_differences.tsv")} == {}
    assert run("dpkg", f"--root={patched}", "--audit") == ""
    assert verify(patched) == verify(reference)


def test_each_kind_is_what_its_rule_says(roots):
    """So that the two are not alike by both doing nothing."""
    said, patched, _ = roots
    read = lambda name: (patched / name).read_text() if (patched / name).exists() else None  # noqa: E731
    assert {name: read("etc/x/" + name) for name in ("plain", "edited", "both", "deleted", "alike", "obsolete", "gone", "fresh")} == {
        "plain": "b\n", "edited": "mine\n", "both": "mine\n", "deleted": None, "alike": "b\n", "obsolete": "a\n",
        "gone": None, "fresh": "b\n"}
    assert read("etc/x/both.dpkg-dist") == "b\n"
    assert read("usr/bin/x-real") == "2\n" and read("usr/bin/x-diverted") is None
    assert read("usr/sbin/x-aliased.real") == "2\n" and read("usr/sbin/x-aliased") == "the administrator's\n"
    info = (patched / "usr/bin/x-override").stat()
    assert read("usr/bin/x-override") == "2\n" and (oct(info.st_mode & 0o7777), info.st_gid) == ("0o2750", 8)
    assert read("usr/bin/x-old") is None and read("usr/share/x/old/file") is None and read("usr/bin/x-new") == "2\n"
    assert read("usr/share/doc/x/manual") is None
    assert {note["path"] for note in said["notes"]} >= {"/etc/x/both"}
