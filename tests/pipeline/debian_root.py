"""A minimal Debian root of this machine's release without its security suite, made once a session with
mmdebstrap; and what a test does to such roots: chroot into them, compare them, make images of them."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import tarfile

import pytest

from images import CONFIG, LAYER, MANIFEST, compact, digest_of


def run(*command, timeout=600, **more):
    done = subprocess.run(command, capture_output=True, timeout=timeout, check=False, **more)
    assert done.returncode == 0, (command, done.stdout.decode()[-2000:], done.stderr.decode()[-6000:])
    return done.stdout.decode()


def machine_lines():
    """deb lines for the machine's own release, from what its apt is configured to use."""
    with open("/etc/os-release", encoding="utf-8") as file:
        codename = re.search(r"^VERSION_CODENAME=(\S+)", file.read(), re.M)[1]
    lines = []
    for entry in run("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT) $(CREATED_BY)").splitlines():
        site, suite, component, made = entry.split(" ", 3)
        line = f"deb {site} {suite} {component}"
        if made == "Packages" and suite.split("-")[0] == codename and component == "main" and line not in lines:
            lines.append(line)
    base = [line for line in lines if line.split()[2] == codename]
    security = [line for line in lines if line.split()[2] == codename + "-security"]
    return codename, base, lines if security else None


class Layout:
    """An OCI layout of plain tars, each an image of its own or a layer on another."""

    def __init__(self, place):
        self.place, self.images = place, {}
        os.makedirs(place / "blobs/sha256")
        (place / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, data):
        (self.place / "blobs/sha256" / digest_of(data)[7:]).write_bytes(data)
        return {"digest": digest_of(data), "size": len(data)}

    def add(self, tag, tar, on=None, created_by="root"):
        with open(tar, "rb") as file:
            plain = file.read()
        layers, diff_ids, history = self.images[on] if on else ([], [], [])
        layers = layers + [{"mediaType": LAYER, **self.blob(gzip.compress(plain, 1, mtime=0))}]
        diff_ids, history = diff_ids + [digest_of(plain)], history + [{"created_by": created_by}]
        config = compact({"architecture": "amd64", "os": "linux", "config": {"Env": ["A=1"]},
                          "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history})
        manifest = compact({"schemaVersion": 2, "mediaType": MANIFEST,
                            "config": {"mediaType": CONFIG, **self.blob(config)}, "layers": layers})
        self.images[tag] = layers, diff_ids, history
        index = self.place / "index.json"
        there = json.loads(index.read_text())["manifests"] if index.exists() else []
        there.append({"mediaType": MANIFEST, **self.blob(manifest),
                      "annotations": {"org.opencontainers.image.ref.name": tag}})
        index.write_text(json.dumps({"schemaVersion": 2, "manifests": there}))

    def manifest(self, tag):
        for item in json.loads((self.place / "index.json").read_text())["manifests"]:
            if item["annotations"]["org.opencontainers.image.ref.name"] == tag:
                return json.loads((self.place / "blobs/sha256" / item["digest"][7:]).read_text())
        raise KeyError(tag)

    def diff_ids(self, tag):
        config = self.manifest(tag)["config"]["digest"][7:]
        return json.loads((self.place / "blobs/sha256" / config).read_text())["rootfs"]["diff_ids"]

    def lay_down(self, tag, root):
        """The image's layers, one over the other, by tar and rm."""
        root.mkdir()
        for layer in self.manifest(tag)["layers"]:
            lay_down(self.place / "blobs/sha256" / layer["digest"][7:], root)
        return root


def lay_down(layer, root):
    for name in run("tar", "-tf", str(layer)).splitlines():
        folder, last = os.path.split(name.removeprefix("./"))
        if last.startswith(".wh."):
            gone = root / folder / last.removeprefix(".wh.")
            if gone.is_dir() and not gone.is_symlink():
                shutil.rmtree(gone)
            else:
                gone.unlink()
    run("tar", "-xpf", str(layer), "-C", str(root), "--numeric-owner", "--xattrs", "--xattrs-include=*", "--exclude=.wh.*")


def layer_between(before, root, tar):
    """The tar of what a root has become since `before`, its tree() then: a layer as builders write it."""
    after = tree(root)
    with tarfile.open(tar, "w", format=tarfile.PAX_FORMAT) as out:
        for path in sorted(before.keys() - after.keys()):
            folder, name = os.path.split(path)
            if folder in after or not folder:
                info = tarfile.TarInfo(os.path.join(folder, ".wh." + name))
                out.addfile(info, io.BytesIO(b""))
        for path in sorted(after):
            if after[path] != before.get(path) and not path.startswith(("proc/", "dev/", "sys/")):
                out.add(os.path.join(root, path), path, recursive=False)


def tree(root):
    out = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                what = os.readlink(path)
            elif stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    what = hashlib.sha256(file.read()).hexdigest()
            elif stat.S_ISDIR(info.st_mode):
                what = ""
            else:
                continue
            xattrs = tuple((key, os.getxattr(path, key, follow_symlinks=False))
                           for key in sorted(os.listxattr(path, follow_symlinks=False)) if key.startswith("security."))
            out[os.path.relpath(path, root)] = (oct(info.st_mode), info.st_uid, info.st_gid, what, *xattrs)
    return out


class DebianRoot:
    """tar: the root; lines: deb lines with the security suite; base: those that made it."""

    def __init__(self, tar, codename, base, lines):
        self.tar, self.codename, self.base, self.lines = tar, codename, base, lines


@pytest.fixture(scope="session")
def debian_root(tmp_path_factory):
    if not shutil.which("mmdebstrap") or not shutil.which("umoci") or os.geteuid() != 0:
        pytest.skip("needs mmdebstrap, umoci and root")
    codename, base, lines = machine_lines()
    if not lines or not base:
        pytest.skip("this machine's apt knows no security suite")
    place = tmp_path_factory.mktemp("debian")
    tar = place / "root.tar"
    for _ in range(3):
        made = subprocess.run(["mmdebstrap", "--mode=root", "--skip=cleanup/tmp", "--variant=minbase", "--format=tar",
                               codename, str(tar), *base], capture_output=True, timeout=600, check=False)
        if made.returncode == 0:
            break
    else:
        pytest.skip("mmdebstrap cannot make a root here: " + made.stderr.decode()[-300:])
    yield DebianRoot(tar, codename, base, lines)
    shutil.rmtree(place, ignore_errors=True)


class Chroot:
    """A root with /proc, /dev, names and no services; gone from it without a trace."""

    def __init__(self, root, lines):
        self.root = root
        aside = root / "tmp/aside"
        (aside / "lists/partial").mkdir(parents=True)
        (aside / "cache/archives/partial").mkdir(parents=True)
        (aside / "list").write_text("\n".join(lines) + "\n")
        self.options = ["-o", "Dir::Etc::SourceList=/tmp/aside/list", "-o", "Dir::Etc::SourceParts=/dev/null",
                        "-o", "Dir::State::lists=/tmp/aside/lists", "-o", "Dir::Cache=/tmp/aside/cache",
                        "-o", "APT::Sandbox::User=root", "-o", "Acquire::Check-Valid-Until=false",
                        "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]

    def run(self, *command):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        return run("chroot", str(self.root), *command, env=env)

    def apt(self, *arguments):
        """apt-get with its lists and archives on the outside of what is compared."""
        return self.run("apt-get", *self.options, *arguments)


@contextlib.contextmanager
def inside(root, lines):
    chroot = Chroot(root, lines)
    names = {"etc/resolv.conf": None, "etc/hosts": None}
    for name in names:
        path = root / name
        names[name] = path.read_bytes() if path.exists() else None
        if os.path.exists("/" + name):
            with open("/" + name, "rb") as file:
                path.write_bytes(file.read())
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    run("mount", "-t", "proc", "proc", str(root / "proc"))
    run("mount", "--bind", "/dev", str(root / "dev"))
    try:
        yield chroot
    finally:
        run("umount", str(root / "dev"))
        run("umount", str(root / "proc"))
    policy.unlink()
    shutil.rmtree(root / "tmp/aside")
    for name, bytes_before in names.items():
        if bytes_before is not None:
            (root / name).write_bytes(bytes_before)
        elif (root / name).exists():
            (root / name).unlink()


def differences(one, other):
    """{path: (there, here)} of two roots, but for what a kernel mounts."""
    ours, theirs = tree(one), tree(other)
    return {path: (ours.get(path), theirs.get(path)) for path in sorted(ours.keys() | theirs.keys())
            if ours.get(path) != theirs.get(path) and not path.startswith(("proc/", "dev/", "sys/"))}


def listed(name):
    """The first column of a table in tests/data."""
    with open(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", name),
              encoding="utf-8") as file:
        return {line.split("\t")[0] for line in file if line.strip() and not line.startswith("#")}


def verify(root):
    """What `dpkg -V` says of it."""
    return subprocess.run(["dpkg", f"--root={root}", "-V"], capture_output=True, timeout=300, check=False).stdout.decode()
