"""The stack image of the benches: a minimal Debian; a JRE, Tomcat, Python, nginx and curl installed in it; an
application of jars, wheels, node_modules and a Go binary. All from the machine's own distribution."""
import glob
import os
import shutil
import tempfile

import lib

STACK = ["openjdk-17-jre-headless", "tomcat10", "python3", "nginx", "curl"]
# The application's parts: not installed, only unpacked below /opt/app.
JARS = ["libspring-core-java", "libspring-beans-java", "libspring-context-java", "libspring-web-java", "libjackson2-core-java",
        "libjackson2-databind-java", "liblog4j2-java", "libcommons-lang3-java", "libguava-java", "libnetty-java",
        "libhibernate-validator-java", "libbcprov-java"]
WHEELS = ["python3-django", "python3-numpy", "python3-requests", "python3-yaml", "python3-cryptography"]
NODE = ["node-express", "node-lodash", "node-webpack", "node-typescript", "node-body-parser", "node-debug", "npm"]
GO = ["prometheus-node-exporter", "etcd-server"]


def unpack_debs(packages, into):
    with tempfile.TemporaryDirectory() as place:
        for package in packages:
            lib.run("sh", "-c", 'apt-get download -q "$1" || true', "sh", package, cwd=place)
        for deb in glob.glob(os.path.join(place, "*.deb")):
            lib.run("dpkg-deb", "-x", deb, into)


def application(root):
    """Lays /opt/app out as a developer's COPY would: copies of files, no link into the distribution."""
    app = os.path.join(root, "opt/app")
    os.makedirs(os.path.join(app, "lib"))
    with tempfile.TemporaryDirectory() as place:
        unpack_debs(JARS + WHEELS + NODE + GO, place)
        for jar in glob.glob(os.path.join(place, "usr/share/java/*.jar")):
            if not os.path.islink(jar):
                shutil.copy(jar, os.path.join(app, "lib"))
        for source, target in (("usr/lib/python3/dist-packages", "venv/lib/python3.11/site-packages"),
                               ("usr/share/nodejs", "node_modules")):
            shutil.copytree(os.path.join(place, source), os.path.join(app, target), symlinks=True)
        for binary in ("prometheus-node-exporter", "etcd"):
            if os.path.exists(os.path.join(place, "usr/bin", binary)):
                shutil.copy(os.path.join(place, "usr/bin", binary), app)


def make():
    """The layout's folder: tags "stack" (3 layers) and "sibling" (the first two, and an application of its own)."""
    place = os.path.join(lib.PLACE, "stack")
    if os.path.exists(os.path.join(place, "index.json")):
        return place
    codename, lines = lib.deb_lines()
    with tempfile.TemporaryDirectory(dir=os.path.dirname(place) if os.path.isdir(os.path.dirname(place)) else None) as work:
        root = os.path.join(work, "root")
        lib.run("mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", codename, root, *lines)
        state, tars = {}, []

        def take():
            now = lib.files_below(root)
            tars.append(lib.tar_of(root, [path for path, what in now.items() if state.get(path) != what]))
            state.update(now)

        take()
        policy = os.path.join(root, "usr/sbin/policy-rc.d")
        with open(policy, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexit 101\n")
        os.chmod(policy, 0o755)
        shutil.copy("/etc/resolv.conf", os.path.join(root, "etc/resolv.conf"))
        lib.run("chroot", root, "sh", "-c", "mount -t proc proc /proc; apt-get update -q && DEBIAN_FRONTEND=noninteractive "
                "apt-get install -qy --no-install-recommends " + " ".join(STACK) + "; done=$?; umount /proc; apt-get clean; "
                "rm -rf /var/lib/apt/lists/*; exit $done")
        os.unlink(policy)
        take()
        application(root)
        take()
        shutil.rmtree(os.path.join(root, "opt/app/venv"))
        other = lib.tar_of(root, [p for p in lib.files_below(root) if p.startswith("opt/app/node_modules/express")])
        lib.write_layout(place, {"stack": tars, "sibling": tars[:2] + [other]})
    return place
