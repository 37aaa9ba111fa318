"""The product table against the true programs of Debian: those that stand on this machine, and some unpacked from
their packages. The version must be the package's upstream version; and no executable of the machine may give a
product that its package contradicts."""

import glob
import json
import os
import re
import subprocess

import pytest

pytestmark = pytest.mark.program("resole", "resole-reader")

# product → package, files it is seen in
UNPACKED = {
    "nginx": ("nginx", "usr/sbin/nginx"), "redis": ("redis-tools", "usr/bin/redis-check-rdb"),
    "httpd": ("apache2-bin", "usr/sbin/apache2"), "memcached": ("memcached", "usr/bin/memcached"),
    "haproxy": ("haproxy", "usr/sbin/haproxy"),
    "php": ("php8.2-cli", "usr/bin/php8.2"), "ruby": ("libruby3.1", "usr/lib/*/libruby-3.1.so.3.1.2"),
}
INSTALLED = {
    "openssl": "/usr/bin/openssl", "curl": "/usr/bin/curl", "bash": "/usr/bin/bash", "perl": "/usr/bin/perl",
    "postgresql": "/usr/lib/postgresql/*/bin/postgres", "git": "/usr/bin/git", "gzip": "/bin/gzip", "xz": "/usr/bin/xz",
    "python": "/usr/bin/python3.[0-9]*[0-9]", "zlib": "/lib/*/libz.so.1.*", "expat": "/lib/*/libexpat.so.1.*",
    "sqlite": "/usr/lib/*/libsqlite3.so.0.*", "libarchive": "/usr/lib/*/libarchive.so.13.*",
    "libyaml": "/usr/lib/*/libyaml-0.so.2.*", "nghttp2": "/usr/lib/*/libnghttp2.so.14.*", "zstd": "/usr/lib/*/libzstd.so.1.*",
    "libxml2": "/usr/lib/*/libxml2.so.2.*", "lz4": "/usr/lib/*/liblz4.so.1.*", "glibc": "/lib/*/libc.so.6",
}


def upstream(version):
    version = version.split(":", 1)[-1]
    version = version.rsplit("-", 1)[0] if "-" in version else version
    version = re.sub(r".*\+really", "", version)
    return re.split(r"[+~]|\.dfsg", version)[0]


def agrees(found, package_version):
    """The found version is the package's, but for a patch level the program alone says (3.1.2p20)."""
    want = upstream(package_version)
    return found == want or re.sub(r"p\d+$", "", found) == re.sub(r"p\d+$", "", want)


def products(build, root, place):
    out = place / "out.json"
    subprocess.run([os.path.join(build, "bin", "resole"), "inventory", f"dir:{root}", "-o", f"json={out}"], check=True, timeout=300)
    found = {}
    for package in json.loads(out.read_text())["packages"]:
        if package["type"] == "generic":
            for path in package["paths"]:
                found.setdefault(path, {})[package["name"]] = package["version"]
    return found


def test_programs_of_this_machine(build, tmp_path):
    root, expected = tmp_path / "root", {}
    root.mkdir()
    for product, pattern in INSTALLED.items():
        for path in glob.glob(pattern):
            real = os.path.realpath(path)
            for name in (real, real.removeprefix("/usr"), path):
                owner = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True, check=False).stdout
                if owner:
                    break
            if not owner:
                continue
            package = owner.split(": ")[0].split(",")[0]
            version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True,
                                     check=True).stdout
            copy = f"opt/{product}/{os.path.basename(real)}"
            os.makedirs(root / os.path.dirname(copy), exist_ok=True)
            (root / copy).write_bytes(open(real, "rb").read())
            expected[copy] = (product, version)
    assert len(expected) >= 10, "too few of the programs stand here"
    found = products(build, root, tmp_path)
    for path, (product, version) in expected.items():
        said = found.get(path, {}).get(product, "")
        assert agrees(said, version), (path, product, version, found.get(path))


def test_programs_unpacked_from_their_packages(build, tmp_path):
    root, expected = tmp_path / "root", {}
    root.mkdir()
    place = tmp_path / "debs"
    place.mkdir()
    subprocess.run(["apt-get", "download", *(package for package, _ in UNPACKED.values())], cwd=place, capture_output=True,
                   timeout=300, check=False)
    for product, (package, pattern) in UNPACKED.items():
        for deb in place.glob(f"{package}_*.deb"):
            version = subprocess.run(["dpkg-deb", "-f", deb, "Version"], capture_output=True, text=True, check=True).stdout.strip()
            subprocess.run(["dpkg-deb", "-x", deb, root / package], check=True)
            for path in (root / package).glob(pattern):
                expected[str(path.relative_to(root))] = (product, version)
    if not expected:
        pytest.skip("apt cannot download packages here")
    found = products(build, root, tmp_path)
    for path, (product, version) in expected.items():
        said = found.get(path, {}).get(product, "")
        assert agrees(said, version), (path, product, version, found.get(path))


def test_what_a_package_owns_is_no_product(build, tmp_path):
    """A copy of the machine's own database and programs: every product is the package, said twice."""
    root = tmp_path / "root"
    for path in ("/usr/bin/bash", "/usr/bin/openssl", "/usr/bin/perl", "/usr/bin/git"):
        if os.path.exists(path):
            os.makedirs(root / "usr/bin", exist_ok=True)
            (root / path[1:]).write_bytes(open(path, "rb").read())
    for folder in ("var/lib/dpkg/info", "etc"):
        os.makedirs(root / folder)
    for path in ["/var/lib/dpkg/status", "/etc/os-release", *glob.glob("/var/lib/dpkg/info/*.list")]:
        (root / path[1:]).write_bytes(open(path, "rb").read())
    os.symlink("usr/bin", root / "bin")
    assert products(build, root, tmp_path) == {}
    (root / "opt").mkdir()
    (root / "opt/sh").write_bytes((root / "usr/bin/bash").read_bytes())
    found = products(build, root, tmp_path)
    assert list(found["opt/sh"]) == ["bash"] and list(found) == ["opt/sh"], found
