"""The advisory data as one file: whole or not at all, signed, in deltas, without a network."""

import http.server
import os
import shutil
import subprocess
import threading

import pytest

from scan_parts import JAR, TRACKER, resole, root, scan, states  # noqa: F401

pytestmark = pytest.mark.program("resole", "resole-reader")


@pytest.fixture
def bundle(resole, tmp_path):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    resole("advisory", "import", resole.load("jar.json", JAR))
    resole("advisory", "export", tmp_path / "all.bundle")
    return tmp_path / "all.bundle"


def key(tmp_path, name):
    private, public = tmp_path / f"{name}.pem", tmp_path / f"{name}.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


def shelves(place):
    return sorted(os.listdir(place)) if place.exists() else []


def test_the_same_data_is_the_same_file(resole, bundle, tmp_path):
    resole("advisory", "export", tmp_path / "again.bundle")
    assert (tmp_path / "again.bundle").read_bytes() == bundle.read_bytes()
    resole("advisory", "status", "--verify")


def test_cut_or_altered_anywhere_nothing_is_taken(resole, root, bundle, tmp_path):
    good = bundle.read_bytes()
    bad = tmp_path / "bad.bundle"
    for at in range(0, len(good), max(1, len(good) // 24)):
        place = tmp_path / f"cut{at}"
        bad.write_bytes(good[:at])
        if at:
            resole("advisory", "import", "--dir", place, bad, code=3)
        assert shelves(place) == []
        bad.write_bytes(good[:at] + bytes([good[at] ^ 0x20]) + good[at + 1:])
        resole("advisory", "import", "--dir", place, bad, code=3)
        assert shelves(place) == [], at


def test_an_altered_shelf_is_told(resole, root, bundle, tmp_path):
    shelf = tmp_path / "advisory/osv-maven.shelf"
    data = bytearray(shelf.read_bytes())
    at = bytes(data).index(b"GHSA-aaaa-bbbb-cccc")
    data[at + 5] ^= 1
    shelf.write_bytes(data)
    resole("advisory", "status", "--verify", code=3)
    shelf.write_bytes(bytes(data)[:-9])
    resole("scan", f"dir:{root}", code=3)
    resole("advisory", "import", bundle)
    resole("advisory", "status", "--verify")


def test_only_the_trusted_key_signs(resole, bundle, tmp_path):
    ours, trusted = key(tmp_path, "ours")
    theirs, _ = key(tmp_path, "theirs")
    place = tmp_path / "place"
    resole("advisory", "export", "--sign", ours, tmp_path / "ours.bundle")
    resole("advisory", "export", "--sign", theirs, tmp_path / "theirs.bundle")
    resole("advisory", "export", "--sign", trusted, tmp_path / "none.bundle", code=3)  # no private key
    resole("advisory", "import", "--dir", place, "--trust", trusted, tmp_path / "theirs.bundle", code=3)
    resole("advisory", "import", "--dir", place, "--trust", trusted, bundle, code=3)
    assert shelves(place) == []
    resole("advisory", "import", "--dir", place, "--trust", trusted, tmp_path / "ours.bundle")
    assert shelves(place) == ["debian-tracker.shelf", "osv-maven.shelf"]
    resole("advisory", "import", "--dir", tmp_path / "any", tmp_path / "ours.bundle")  # nobody asked for a key


def test_a_delta_holds_what_changed_and_fits_its_base_alone(resole, root, bundle, tmp_path):
    place, bare = tmp_path / "place", tmp_path / "bare"
    resole("advisory", "import", "--dir", place, bundle)
    more = {**JAR, "id": "GHSA-dddd-eeee-ffff", "aliases": ["CVE-2024-0010"]}
    resole("advisory", "import", resole.load("more.json", more))
    resole("advisory", "export", "--since", bundle, tmp_path / "delta.bundle")
    resole("advisory", "export", tmp_path / "whole.bundle")
    assert (tmp_path / "delta.bundle").stat().st_size < (tmp_path / "whole.bundle").stat().st_size
    resole("advisory", "import", "--dir", bare, tmp_path / "delta.bundle", code=3)
    assert shelves(bare) == []
    resole("advisory", "import", "--dir", place, tmp_path / "delta.bundle")
    assert "CVE-2024-0010" in states(scan(resole, root, "--advisory-dir", place))
    resole("advisory", "export", "--dir", place, tmp_path / "there.bundle")
    assert (tmp_path / "there.bundle").read_bytes() == (tmp_path / "whole.bundle").read_bytes()


def test_without_a_network(resole, root, bundle, build, tmp_path):
    """Import and scan in a network namespace of their own, where nothing can be reached."""
    alone = ["unshare", "-rn"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
        alone = []
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RESOLE_ADVISORY_DIR": str(tmp_path / "gap"),
                   "RESOLE_PROGRAMS_DIR": os.path.join(build, "bin"), "RESOLE_REPOSITORIES_FILE": "/dev/null"}
    program = os.path.join(build, "bin/resole")
    for arguments, code in ([["advisory", "import", str(bundle)], 0], [["scan", f"dir:{root}", "--fail-on", "critical"], 1],
                            [["scan", f"dir:{root}"], 0]):
        done = subprocess.run([*alone, program, *arguments], env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
    assert "CVE-2024-0009" in done.stdout


def test_sync_takes_a_mirrors_bundle(resole, root, bundle, tmp_path):
    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    resole.environment["RESOLE_ADVISORY_BUNDLE_URL"] = f"http://127.0.0.1:{server.server_port}/all.bundle"
    resole("advisory", "sync", "--dir", tmp_path / "synced")
    assert states(scan(resole, root, "--advisory-dir", tmp_path / "synced")) == states(scan(resole, root))
    resole.environment["RESOLE_ADVISORY_BUNDLE_URL"] = f"http://127.0.0.1:{server.server_port}/none.bundle"
    resole("advisory", "sync", "--dir", tmp_path / "synced2", code=3)
    server.shutdown()
