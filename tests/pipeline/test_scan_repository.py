"""The package repositories as a source of `resole scan`: changelogs where they are, and where they are not."""

import json

import pytest

from debian_repository import Key, Repository
from images import dpkg_paragraph
from scan_parts import resole  # noqa: F401

pytestmark = pytest.mark.program("resole", "resole-reader")
LOG = """{0} (1.0-2) bookworm-security; urgency=medium

  * Mend a hole (CVE-2024-{1}).

 -- Nobody <nobody@example.org>  Mon, 01 Jan 2024 00:00:00 +0000

{0} (1.0-1) bookworm; urgency=medium

  * First.

 -- Nobody <nobody@example.org>  Sun, 01 Jan 2023 00:00:00 +0000
"""


@pytest.fixture
def repository(tmp_path):
    key = Key(str(tmp_path / "key"), "ours")
    repository = Repository(str(tmp_path / "repository"), key)
    yield repository
    repository.close()
    key.close()


def scan(resole, repository, place, *packages):
    root = place / "root"
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')
    (root / "var/lib/dpkg/status").write_text("\n".join(dpkg_paragraph(*package) for package in packages))
    sources = place / "sources.list"
    sources.write_text("".join(f"deb [signed-by={repository.key.public}] {repository.address} {suite} main\n"
                               for suite in ("bookworm", "bookworm-security")))
    resole.environment["RESOLE_REPOSITORIES_FILE"] = str(sources)
    return json.loads(resole("scan", f"dir:{root}", "-o", "json", code=None))


def test_a_changelog_is_looked_for_in_the_next_larger_package(resole, repository, tmp_path):
    repository.publish("bookworm", "bookworm")
    repository.add("bookworm-security", "foo-small", "1.0-2", {"usr/share/foo": "x"}, source="foo")
    repository.add("bookworm-security", "foo", "1.0-2", {"usr/bin/foo": "x" * 50000}, source="foo", changelog=LOG.format("foo", 1001))
    repository.add("bookworm-security", "bar", "1.0-2", {"usr/bin/bar": "x"})
    repository.add("bookworm-security", "baz", "1.0-2", {"usr/bin/baz": "x"}, changelog=LOG.format("baz", 1002))
    repository.publish("bookworm-security", "bookworm-security")
    report = scan(resole, repository, tmp_path, ("foo", "1.0-1", "foo"), ("foo-small", "1.0-1", "foo"), ("bar", "1.0-1", "bar"),
                  ("baz", "1.0-1", "baz"))
    assert {(f["package"]["name"], f["vulnerability"], f["fixed_version"]) for f in report["findings"]} == {
        ("foo", "CVE-2024-1001", "1.0-2"), ("foo-small", "CVE-2024-1001", "1.0-2"), ("baz", "CVE-2024-1002", "1.0-2")}
    assert [d["state"] for d in report["advisory_data"] if d["source"] == "apt"] == ["fresh"]
    unread = [w["text"] for w in report["warnings"] if w["code"] == "changelog-unread"]
    assert len(unread) == 1 and "bar 1.0-2" in unread[0]
    assert [(u["package"], u["installed"], u["candidate"], u["rebuild"]) for u in report["updates"]] == [
        (name, "1.0-1", "1.0-2", False) for name in ("bar", "baz", "foo", "foo-small")]


def test_a_rebuild_is_an_update_and_no_fix(resole, repository, tmp_path):
    repository.publish("bookworm-security", "bookworm-security")
    repository.add("bookworm", "foo", "1.0-1+b1", {"usr/bin/foo": "x"}, source="foo (1.0-1)", changelog=LOG.format("foo", 1001))
    repository.publish("bookworm", "bookworm")
    report = scan(resole, repository, tmp_path, ("foo", "1.0-1", "foo"))
    assert report["findings"] == []
    assert [(u["package"], u["candidate"], u["rebuild"]) for u in report["updates"]] == [("foo", "1.0-1+b1", True)]
