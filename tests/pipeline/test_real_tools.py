"""Databases and packages made by the real tools at test time; what is found is what each tool itself lists.
A tool or an index that is not there skips its own test only."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.program("resole", "resole-reader")


def need(tool):
    found = shutil.which(tool)
    if not found:
        pytest.skip(f"{tool} is not on this machine")
    return found


def run(*command, fetches=False, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, timeout=300, check=False, **options)
    if done.returncode and fetches:
        pytest.skip(f"{command[0]}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode()


@pytest.fixture(scope="module")
def found(build):
    """(name, version) of every package of a type below a directory, with no word of doubt."""
    def ask(root, kind):
        document = json.loads(run(os.path.join(build, "bin", "resole"), "inventory", f"dir:{root}", "-o", "json"))
        assert document["complete"], document["warnings"]
        return sorted((p["name"], p["version"]) for p in document["packages"] if p["type"] == kind)
    return ask


def test_dpkg(found, tmp_path):
    os.makedirs(tmp_path / "root/var/lib/dpkg")
    shutil.copy("/var/lib/dpkg/status", tmp_path / "root/var/lib/dpkg/status")
    listed = run("dpkg-query", f"--admindir={tmp_path}/root/var/lib/dpkg", "-W",
                 "-f", "${db:Status-Status}\t${Package}\t${Version}\n")
    rows = [line.split("\t") for line in listed.splitlines()]
    assert found(tmp_path / "root", "deb") == sorted(
        (name, version) for status, name, version in rows
        if status in ("installed", "triggers-pending", "triggers-awaited", "unpacked", "half-configured"))


SPEC = """
Name: %s
Version: 1.2~rc1
Release: 3
Epoch: %d
Summary: made for a test
License: none
Vendor: Nobody
%%description
made for a test
%%package libs
Summary: its other part
Version: 7
%%description libs
made for a test
%%files
%%files libs
"""


@pytest.fixture(scope="module")
def rpms(tmp_path_factory):
    need("rpmbuild")
    top = tmp_path_factory.mktemp("rpm")
    for name, epoch in (("one", 0), ("two", 2)):
        (top / f"{name}.spec").write_text(SPEC % (name, epoch))
        run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {top}/build", top / f"{name}.spec")
    return sorted(str(path) for path in (top / "build/RPMS").glob("*/*.rpm"))


def test_rpm(found, rpms, tmp_path):
    """SQLite is all that Debian's rpm writes; NDB and Berkeley DB have unit tests and corpora."""
    root = tmp_path / "root"
    os.makedirs(root / "var/lib/rpm")
    settings = ("--dbpath", "/var/lib/rpm", "--root", root)
    run("rpm", *settings, "--initdb")
    run("rpm", *settings, "-i", "--nodeps", "--noscripts", "--nosignature", *rpms)
    listed = run("rpm", *settings, "-qa", "--qf", "%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\n")
    rows = [tuple(line.split("\t")) for line in listed.splitlines()]
    assert len(rows) == 4
    assert found(root, "rpm") == sorted((name, re.sub("^0:", "", version)) for name, version in rows)


def test_pip(found, tmp_path):
    place = tmp_path / "root/usr/lib/python3/site-packages"
    pip = (sys.executable, "-m", "pip")
    run(*pip, "install", "-q", "--target", place, "requests", "zope.interface", fetches=True)
    listed = json.loads(run(*pip, "list", "--path", place, "--format", "json"))
    assert found(tmp_path / "root", "pypi") == sorted(
        (re.sub("[-_.]+", "-", p["name"].lower()), p["version"]) for p in listed)


def test_npm(found, tmp_path):
    npm = need("npm")
    place = tmp_path / "root/srv"
    os.makedirs(place)
    (place / "package.json").write_text(json.dumps({
        "name": "shop", "version": "1.0.0", "dependencies": {"express": "^4", "other": "npm:lodash@^4"}}))
    run(npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev", cwd=place, fetches=True)

    def walk(node):
        for name, package in node.get("dependencies", {}).items():
            yield package.get("name", name), package["version"]
            yield from walk(package)
    listed = set(walk(json.loads(run(npm, "ls", "--all", "--long", "--json", cwd=place))))
    assert set(found(tmp_path / "root", "npm")) == listed | {("shop", "1.0.0")}


def test_maven(found, tmp_path):
    mvn = need("mvn")
    (tmp_path / "pom.xml").write_text("""<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId>
        <artifactId>x</artifactId><version>1</version><dependencies>
        <dependency><groupId>org.springframework</groupId><artifactId>spring-web</artifactId><version>5.3.30</version></dependency>
        <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-clients</artifactId><version>3.6.0</version></dependency>
        <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.20.0</version></dependency>
        </dependencies></project>""")
    run(mvn, "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={tmp_path}/root/srv", "dependency:list",
        f"-DoutputFile={tmp_path}/list", cwd=tmp_path, fetches=True)
    listed = re.findall(r"([\w.-]+:[\w.-]+):jar:([\w.-]+):", (tmp_path / "list").read_text())
    assert len(listed) > 6
    assert found(tmp_path / "root", "maven") == sorted(listed)


def test_go(found, tmp_path):
    go = need("go")
    (tmp_path / "main.go").write_text('package main\nimport "golang.org/x/text/language"\n'
                                      'func main() { println(language.English.String()) }\n')
    os.makedirs(tmp_path / "root/bin")
    environment = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-mod=mod -buildvcs=false")
    (tmp_path / "go.mod").write_text("module shop.example/shop\ngo 1.19\nrequire golang.org/x/text v0.14.0\n")
    run(go, "build", "-o", tmp_path / "root/bin/shop", ".", cwd=tmp_path, env=environment, fetches=True)
    listed = run(go, "version", "-m", tmp_path / "root/bin/shop")
    wanted = re.findall(r"^\tdep\t(\S+)\t(\S+)", listed, re.M)
    came = dict(found(tmp_path / "root", "golang"))
    assert wanted and set(wanted) <= set(came.items())
    assert "go" + came["stdlib"].removeprefix("v").removeprefix("go") in listed.splitlines()[0]


def test_gem(found, tmp_path):
    gem = need("gem")
    (tmp_path / "a.gemspec").write_text("Gem::Specification.new do |s|\n  s.name = 'a-b'\n  s.version = '1.0.pre'\n"
                                        "  s.summary = 's'\n  s.authors = ['n']\n  s.files = []\nend\n")
    run(gem, "build", "-q", "a.gemspec", "-o", "a.gem", cwd=tmp_path)
    run(gem, "install", "--local", "--no-document", "-i", tmp_path / "root/gems", "a.gem", cwd=tmp_path)
    assert found(tmp_path / "root", "gem") == [("a-b", "1.0.pre")]
