"""Feeds into PostgreSQL by the real matcher, against COPY of the same rows as the floor; then the same feeds again, which
must write no row. Not collected by itself: RESOLE_FEEDS_DIR=DIR pytest -s tests/pipeline/bench_import.py; ONLY=source,source.
DIR is laid out as `tests/bench/feeds` takes it."""

import hashlib
import json
import os
import re
import shutil
import time
import uuid

import pytest

from parts import wait_for

pytestmark = pytest.mark.program("resole-matcher", "resole-reader")

MEMORY_MOST_MIB = 256
FEEDS = [("debian-tracker", "debian-tracker", "debian/tracker-derived-from-oval-2023-07-14.json.zst"),
         ("debian-oval:bookworm", "debian-oval", "debian/oval-definitions-bookworm.xml.zst"),
         ("almalinux", "osv", "almalinux/osv-2026-08-21.tar.zst"), ("alpine-secdb", "alpine-secdb", "alpine/secdb-2024-12-31.tar.zst"),
         ("osv-golang", "osv", "osv/golang-2026-08-21.tar.zst"), ("pypa", "osv-yaml", "osv/pypa-2024-10-10.tar.zst"),
         ("kev", "kev", "kev/known_exploited_vulnerabilities-2026-08-07.json.zst"), ("epss", "epss", "epss/epss_scores-2026-08-16.csv.zst"),
         ("nvd", "nvd", "nvd/nvd20-derived.tar.zst"), ("ubuntu-osv", "osv", "ubuntu/osv-derived-2024-02-16.tar.zst"),
         ("ubuntu-tracker", "ubuntu-tracker", "ubuntu/ubuntu-cve-tracker-2024-02-16.tar.zst")]
COLUMNS = ("source, key, vulnerability, aliases, type, name, by_source, distro, release, stream, state, fixed, ranges, conditions, severity, cvss,"
           " title, url, published_at, modified_at, record, revision, retracted_at")


def peak_mib(process):
    with open(f"/proc/{process.child.pid}/status", encoding="ascii") as file:
        return int(re.search(r"^VmHWM:\s*(\d+)", file.read(), re.M)[1]) // 1024


def import_feed(system, source, path):
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()
    place = os.path.join(system.blobs, "sha256", digest[:2])
    os.makedirs(place, exist_ok=True)
    shutil.copy(path, os.path.join(place, digest))
    event, begun = str(uuid.uuid4()), time.monotonic()
    system.kafka.write(f"{system.prefix}feed.fetched.v1", source, json.dumps({"source": source, "blob": f"sha256:{digest}"}).encode(), {
        "ce_id": event, "ce_source": "/tests", "ce_specversion": "1.0", "ce_type": "resole.feed.fetched.v1", "content-type": "application/json"})
    state = wait_for(lambda: (system.value("select state from task where ce_id = %s", (event,)) or "none") in ("done", "parked")
                     and system.value("select state from task where ce_id = %s", (event,)), f"{source} is imported", 1200)
    assert state == "done", system.value("select reason from task where ce_id = %s", (event,))
    return time.monotonic() - begun


def floor(system, source):
    """Seconds of COPY alone: the same rows, into a table with the same indexes."""
    system.query("drop table if exists floor_from; drop table if exists floor_to")
    system.query(f"create table floor_from as select {COLUMNS} from assertion where source = '{source}'")
    system.query("create table floor_to (like assertion including all)")
    path = os.path.join(system.postgres.folder if hasattr(system.postgres, "folder") else "/tmp", f"floor-{os.getpid()}.copy")
    system.query(f"copy floor_from to '{path}'")
    begun = time.monotonic()
    system.query(f"copy floor_to ({COLUMNS}) from '{path}'")
    return time.monotonic() - begun


def rows_of(system, source):
    return system.query("select count(*) as rows, md5(string_agg(xmin::text, ',' order by assertion_id)) as written from assertion where source = %s",
                        (source,))[0]


def test_every_feed_into_postgresql(new_system):
    system = new_system(registry=False)
    system.start("matcher")
    only = [name for name in os.environ.get("ONLY", "").split(",") if name]
    print("\n%-22s %8s %8s %9s %8s %9s %8s %5s" % ("SOURCE", "ROWS", "SECONDS", "ROWS/S", "COPY S", "COPY R/S", "AGAIN S", "MIB"))
    for source, format_, path in FEEDS:
        if only and source not in only:
            continue
        system.query("insert into source (source, format) values (%s, %s) on conflict do nothing", (source, format_))
        seconds = import_feed(system, source, os.path.join(os.environ["RESOLE_FEEDS_DIR"], path))
        before = rows_of(system, source)
        facts = system.value("select md5(string_agg(xmin::text, ',' order by vulnerability)) from vulnerability")
        rows = system.value("select assertions from source where source = %s", (source,))
        copied = floor(system, source) if before["rows"] else 0
        again = import_feed(system, source, os.path.join(os.environ["RESOLE_FEEDS_DIR"], path))
        assert rows_of(system, source) == before, f"{source}: a second import wrote rows"
        assert system.value("select md5(string_agg(xmin::text, ',' order by vulnerability)) from vulnerability") == facts
        peak = peak_mib(system.processes["matcher"])
        print("%-22s %8d %8.1f %9.0f %8.1f %9.0f %8.1f %5d" % (
            source, rows, seconds, rows / seconds, copied, before["rows"] / copied if copied else 0, again, peak), flush=True)
        assert peak <= MEMORY_MOST_MIB
