"""`resole patch` on a real Debian root without its security suite, against `apt-get upgrade` in a chroot of the
same root: every difference stands in tests/data/patch_differences.tsv, the database is clean, bytes repeat."""

import gzip
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess

import pytest

from images import CONFIG, LAYER, MANIFEST, compact, digest_of

pytestmark = [pytest.mark.program("resole", "resole-layer-writer"),
              pytest.mark.skipif(not shutil.which("mmdebstrap") or not shutil.which("umoci") or os.geteuid() != 0,
                                 reason="needs mmdebstrap, umoci and root")]

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


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


def layout(tar, place):
    """The root's tar as an OCI layout of one layer, tag "old"."""
    os.makedirs(place / "blobs/sha256")
    with open(tar, "rb") as file:
        plain = file.read()
    layer = gzip.compress(plain, 1, mtime=0)
    config = compact({"architecture": "amd64", "os": "linux", "config": {"Env": ["A=1"]},
                      "rootfs": {"type": "layers", "diff_ids": [digest_of(plain)]},
                      "history": [{"created_by": "root"}]})
    manifest = compact({"schemaVersion": 2, "mediaType": MANIFEST,
                        "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
                        "layers": [{"mediaType": LAYER, "digest": digest_of(layer), "size": len(layer)}]})
    for blob in (layer, config, manifest):
        (place / "blobs/sha256" / digest_of(blob)[7:]).write_bytes(blob)
    (place / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [
        {"mediaType": MANIFEST, "digest": digest_of(manifest), "size": len(manifest),
         "annotations": {"org.opencontainers.image.ref.name": "old"}}]}))


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
            out[os.path.relpath(path, root)] = (oct(info.st_mode), info.st_uid, info.st_gid, what)
    return out


@pytest.fixture(scope="module")
def roots(build, tmp_path_factory):
    codename, base, lines = machine_lines()
    if not lines or not base:
        pytest.skip("this machine's apt knows no security suite")
    place = tmp_path_factory.mktemp("patch")
    tar = place / "root.tar"
    for _ in range(3):
        made = subprocess.run(["mmdebstrap", "--mode=root", "--skip=cleanup/tmp", "--variant=minbase", "--format=tar",
                               codename, str(tar), *base], capture_output=True, timeout=600, check=False)
        if made.returncode == 0:
            break
    else:
        pytest.skip("mmdebstrap cannot make a root here: " + made.stderr.decode()[-300:])
    layout(tar, place / "oci")
    resole = os.path.join(build, "bin", "resole")
    outputs = []
    for tag in ("one", "two"):
        outputs.append(json.loads(run(resole, "patch", f"oci:{place}/oci:old", "--to", f"oci:{place}/oci:{tag}",
                                      "-o", "json", env={**os.environ, "RESOLE_PROGRAMS_DIR": os.path.join(build, "bin")})))
    if not outputs[0]["packages"]:
        pytest.skip("the security suite has nothing newer for a minimal root today")
    run("umoci", "unpack", "--image", f"{place}/oci:one", str(place / "patched"))
    reference = place / "reference"
    reference.mkdir()
    run("tar", "-xf", str(tar), "-C", str(reference))
    upgrade(reference, lines)
    yield {"patched": str(place / "patched/rootfs"), "reference": str(reference), "outputs": outputs}
    shutil.rmtree(place, ignore_errors=True)


def upgrade(root, lines):
    """apt-get upgrade inside, with its lists and archives on the outside of what is compared."""
    aside = root / "tmp/aside"
    (aside / "lists/partial").mkdir(parents=True)
    (aside / "cache/archives/partial").mkdir(parents=True)
    (aside / "list").write_text("\n".join(lines) + "\n")
    options = ["-o", "Dir::Etc::SourceList=/tmp/aside/list", "-o", "Dir::Etc::SourceParts=/dev/null",
               "-o", "Dir::State::lists=/tmp/aside/lists", "-o", "Dir::Cache=/tmp/aside/cache",
               "-o", "APT::Sandbox::User=root", "-o", "Acquire::Check-Valid-Until=false",
               "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
    names = {"etc/resolv.conf": None, "etc/hosts": None}
    for name in names:
        path = root / name
        names[name] = path.read_bytes() if path.exists() else None
        if os.path.exists("/" + name):
            path.write_bytes(open("/" + name, "rb").read())
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    run("mount", "-t", "proc", "proc", str(root / "proc"))
    run("mount", "--bind", "/dev", str(root / "dev"))
    try:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        run("chroot", str(root), "apt-get", *options, "update", env=env)
        run("chroot", str(root), "apt-get", *options, "-y", "upgrade", env=env)
    finally:
        run("umount", str(root / "dev"))
        run("umount", str(root / "proc"))
    policy.unlink()
    shutil.rmtree(aside)
    for name, bytes_before in names.items():
        if bytes_before is not None:
            (root / name).write_bytes(bytes_before)
        elif (root / name).exists():
            (root / name).unlink()


def test_every_difference_is_explained(roots):
    with open(f"{ROOT}/tests/data/patch_differences.tsv", encoding="utf-8") as file:
        known = {line.split("\t")[0] for line in file if line.strip() and not line.startswith("#")}
    ours, theirs = tree(roots["patched"]), tree(roots["reference"])
    different = {path for path in ours.keys() | theirs.keys()
                 if ours.get(path) != theirs.get(path) and not path.startswith(("proc/", "dev/", "sys/"))}
    assert len(roots["outputs"][0]["packages"]) > 0
    assert {path: (ours.get(path), theirs.get(path)) for path in sorted(different - known)} == {}
    # debconf writes only when an upgraded package has questions
    assert sorted(path for path in known - different if "debconf" not in path) == []


def test_database_is_clean(roots):
    assert run("dpkg", f"--root={roots['patched']}", "--audit") == ""
    verify = [subprocess.run(["dpkg", f"--root={roots[name]}", "-V"], capture_output=True, timeout=300, check=False).stdout
              for name in ("patched", "reference")]
    assert verify[0] == verify[1]


def test_two_builds_have_one_digest(roots):
    one, two = (output["result"]["manifest_digest"] for output in roots["outputs"])
    assert one == two


def test_loader_cache_is_what_ldconfig_says(roots):
    def cache(name):
        return run("ldconfig", "-p", "-C", f"{roots[name]}/etc/ld.so.cache").splitlines()[1:]
    assert cache("patched") == cache("reference")
