"""The harness itself: the parts are real, and survive what the tests do to them."""

import subprocess

from images import Pusher, debian_files, image_of
from parts import Registry, wait_for


def test_kafka_keeps_records_over_a_restart(kafka):
    from confluent_kafka.admin import AdminClient, NewTopic
    admin = AdminClient({"bootstrap.servers": kafka.brokers})
    for future in admin.create_topics([NewTopic("parts", 3, 1)]).values():
        future.result(60)
    kafka.write("parts", b"k", b"one", {"ce_id": "1"})
    kafka.restart()
    kafka.write("parts", b"k", b"two", {"ce_id": "2"})
    records = wait_for(lambda: (r := kafka.read("parts")) and len(r) == 2 and r, "both records")
    assert [(r[2]["ce_id"], r[4]) for r in records] == [("1", b"one"), ("2", b"two")]


def test_postgres_comes_back(postgres):
    postgres.create("parts")
    postgres.query("parts", "create table t (n integer)")
    postgres.query("parts", "insert into t values (7)")
    postgres.restart()
    assert postgres.query("parts", "select n from t") == [{"n": 7}]


def test_a_built_image_is_read_by_another_tool(place):
    registry = Registry(place, name="parts-registry").start()
    try:
        pusher = Pusher(registry.address)
        base = debian_files({"libc6": "2.36-9"})
        image = image_of([base, {"srv": __import__("images").Dir(), "srv/app": "x"}])
        assert pusher.image("demo/a", "1", image) == image.digest
        out = f"{place}/copied"
        subprocess.run(["skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{registry.address}/demo/a:1",
                        f"oci:{out}:a"], check=True)
        subprocess.run(["umoci", "unpack", "--rootless", "--image", f"{out}:a", f"{place}/bundle"], check=True,
                       capture_output=True)
        with open(f"{place}/bundle/rootfs/var/lib/dpkg/status", encoding="utf-8") as status:
            assert "Package: libc6" in status.read()
    finally:
        registry.kill()
