"""`resole rebase` on real Debian images: an application image put on the patched base equals the same image patched
directly, file by file. tests/data/rebase_differences.tsv lists what may differ; each line must be needed."""

import json
import os
import shutil
import subprocess

import pytest

from debian_root import Layout, differences, inside, layer_between, listed, run, tree, verify
from images import tar_of

pytestmark = pytest.mark.program("resole", "resole-layer-writer")

KINDS = ("files", "installed", "purged")


class Bench:
    """An OCI layout: "old" a minimal base, "new" its patch, "app-KIND" images on "old"."""

    def __init__(self, build, debian_root, place):
        self.debian, self.place, self.oci = debian_root, place, place / "oci"
        self.programs = os.path.join(build, "bin")
        self.layout = Layout(self.oci)
        self.layout.add("old", debian_root.tar)
        self.before = None
        self.patch = self.resole("patch", "old", "--to", f"oci:{self.oci}:new")
        self.different = {}

    def start(self, command, tag, *more):
        return subprocess.run([os.path.join(self.programs, "resole"), command, f"oci:{self.oci}:{tag}", *more, "-o", "json"],
                              capture_output=True, timeout=600, check=False,
                              env={**os.environ, "RESOLE_PROGRAMS_DIR": self.programs})

    def resole(self, command, tag, *more):
        done = self.start(command, tag, *more)
        assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
        return json.loads(done.stdout)

    def rebase(self, tag, to):
        return self.resole("rebase", tag, "--onto", f"oci:{self.oci}:new", "--to", f"oci:{self.oci}:{to}")

    def application(self, kind):
        """What a Dockerfile would do on "old", as one layer."""
        root = self.layout.lay_down("old", self.place / kind)
        self.before = self.before or tree(root)
        with inside(root, self.debian.lines) as chroot:
            getattr(self, f"make_{kind}")(root, chroot)
        layer_between(self.before, root, self.place / "layer.tar")
        self.layout.add(f"app-{kind}", self.place / "layer.tar", on="old")
        shutil.rmtree(root)

    def make_files(self, root, chroot):
        chroot.run("useradd", "--create-home", "--system", "app")
        (root / "opt/app").mkdir()
        (root / "opt/app/program").write_text("#!/bin/sh\necho hello\n")
        chroot.run("chown", "-R", "app", "/opt/app")
        (root / "etc/app.conf").write_text("a = 1\n")
        moving = {item["package"] for item in self.patch["packages"]}
        staying = next(name for name in ("tar", "grep", "sed", "gzip") if name not in moving)
        (root / f"usr/share/doc/{staying}/copyright").unlink()

    def make_installed(self, root, chroot):
        chroot.apt("update")
        chroot.apt("-y", "--no-install-recommends", "install", "jq")
        shutil.rmtree(root / "var/lib/apt/lists")
        (root / "var/lib/apt/lists").mkdir()

    def make_purged(self, root, chroot):
        for item in self.patch["packages"]:
            try:
                chroot.run("dpkg", "--purge", item["package"])
            except AssertionError:
                continue  # others depend on it
            return
        pytest.skip("no package that the patch moves can be purged today")


@pytest.fixture(scope="module")
def bench(build, debian_root, tmp_path_factory):
    place = tmp_path_factory.mktemp("rebase")
    bench = Bench(build, debian_root, place)
    if not bench.patch["packages"]:
        pytest.skip("the security suite has nothing newer for a minimal root today")
    yield bench
    shutil.rmtree(place, ignore_errors=True)


@pytest.mark.parametrize("kind", KINDS)
def test_rebased_equals_patched_directly(bench, kind):
    bench.application(kind)
    said = bench.rebase(f"app-{kind}", f"rebased-{kind}")
    bench.resole("patch", f"app-{kind}", "--to", f"oci:{bench.oci}:direct-{kind}")
    base, app, rebased = (bench.layout.diff_ids(tag) for tag in ("new", f"app-{kind}", f"rebased-{kind}"))
    assert rebased[:len(base)] == base and rebased[len(base)] == app[1]
    assert said["refused"] == [] and said["reconciled"] == (kind != "files")
    assert len(rebased) == len(base) + 1 + (kind != "files")
    roots = [bench.layout.lay_down(f"{how}-{kind}", bench.place / f"{how}-{kind}") for how in ("rebased", "direct")]
    different = differences(*roots)
    bench.different[kind] = set(different)
    known = listed("rebase_differences.tsv")
    assert {path: what for path, what in different.items() if path not in known} == {}
    assert run("dpkg", f"--root={roots[0]}", "--audit") == ""
    assert verify(roots[0]) == verify(roots[1])
    if kind == "files":
        assert (roots[0] / "opt/app/program").read_text().endswith("hello\n")
        assert (roots[0] / "opt/app/program").stat().st_uid != 0
    for root in roots:
        shutil.rmtree(root)


def test_every_listed_difference_was_needed(bench):
    if set(bench.different) != set(KINDS):
        pytest.skip("not every kind was compared")
    assert sorted(listed("rebase_differences.tsv") - set().union(*bench.different.values())) == []


def test_rebasing_again_changes_nothing(bench):
    """The earlier reconcile layer is made anew, not stacked."""
    if "installed" not in bench.different:
        pytest.skip("its image was not made")
    again = bench.rebase("rebased-installed", "again")
    assert again["reconciled"] and bench.layout.diff_ids("again") == bench.layout.diff_ids("rebased-installed")


def test_a_file_of_the_base_that_both_changed_is_refused_by_name(bench, tmp_path):
    """The application brought its own copy of a file that the patch replaces: no guess, its name."""
    patch = bench.oci / "blobs/sha256" / bench.layout.manifest("new")["layers"][-1]["digest"][7:]
    path = next(name for name in run("tar", "-tzf", str(patch)).splitlines()
                if "/x86_64-linux-gnu/" in name and ".so" in name and ".wh." not in name)
    (tmp_path / "layer.tar").write_bytes(tar_of({path: b"its own copy"}))
    bench.layout.add("app-own", tmp_path / "layer.tar", on="old")
    done = bench.start("rebase", "app-own", "--onto", f"oci:{bench.oci}:new", "--to", f"oci:{bench.oci}:never")
    said = json.loads(done.stdout)
    assert done.returncode == 3 and said["manifest_digest"] == ""
    assert [(item["rule"], item["path"]) for item in said["refused"]] == [("rebase-file", path)]
