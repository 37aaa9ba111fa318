"""A small root with known packages, advisory data of our own, and `resole` run on it."""

import json
import os
import subprocess

import pytest

from images import dpkg_paragraph, jar_of

TRACKER = {"openssl": {
    "CVE-2024-0001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.11-1~deb12u2", "urgency": "high"}}},
    "CVE-2024-0002": {"releases": {"bookworm": {"status": "open", "urgency": "not yet assigned"}}}}}
JAR = {"id": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2024-0009"], "summary": "demo", "affected": [
    {"package": {"ecosystem": "Maven", "name": "org.example:shop"},
     "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.3"}]}],
     "database_specific": {"severity": "CRITICAL"}}]}


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "srv").mkdir()
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')
    (root / "var/lib/dpkg/status").write_text(dpkg_paragraph("libssl3", "3.0.11-1~deb12u1", "openssl"))
    (root / "srv/shop.jar").write_bytes(jar_of("org.example", "shop", "1.2.3"))
    return root


@pytest.fixture
def resole(build, tmp_path):
    def run(*arguments, code=0):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RESOLE_ADVISORY_DIR": str(tmp_path / "advisory"),
                       "RESOLE_PROGRAMS_DIR": os.path.join(build, "bin"), "LC_ALL": "C.UTF-8",
                       "RESOLE_REPOSITORIES_FILE": "/dev/null", **run.environment}
        done = subprocess.run([os.path.join(build, "bin/resole"), *map(str, arguments)], capture_output=True, text=True, env=environment)
        assert code is None or done.returncode == code, f"exit {done.returncode}: {done.stderr}\n{done.stdout}"
        return done.stdout

    def load(name, document):
        path = tmp_path / name
        path.write_text(json.dumps(document))
        return path

    run.load = load
    run.environment = {}
    return run


def scan(resole, root, *options, code=0):
    return json.loads(resole("scan", f"dir:{root}", "-o", "json", *options, code=code))


def states(report):
    return {f["vulnerability"]: (f["state"], f["fixed_version"], f["severity"]) for f in report["findings"]}
