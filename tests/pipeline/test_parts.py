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


def test_apt_trusts_the_repository_that_the_tests_make(place):
    """apt itself reads it with its key, and refuses it with another."""
    import os
    from debian_repository import Key, Repository
    os.makedirs(f"{place}/apt")
    key, other = Key(f"{place}/apt/key"), Key(f"{place}/apt/other")
    repository = Repository(f"{place}/apt/repository", key)
    try:
        repository.add("stable-security", "thing", "1.0-1+deb12u1", {"usr/share/thing": "x"}, changelog="thing (1.0)\n")
        repository.publish("stable-security", "stable")

        def update(keyring):
            root = f"{place}/apt/root-{os.path.basename(os.path.dirname(keyring))}"
            for path in ("lists/partial", "cache/archives/partial", "etc"):
                os.makedirs(f"{root}/{path}", exist_ok=True)
            with open(f"{root}/etc/sources.list", "w", encoding="utf-8") as file:
                file.write(f"deb [signed-by={keyring}] {repository.address} stable-security main\n")
            options = [f"Dir::Etc::SourceList={root}/etc/sources.list", "Dir::Etc::SourceParts=/dev/null",
                       f"Dir::State::Lists={root}/lists", f"Dir::Cache={root}/cache", "APT::Sandbox::User=root",
                       "Acquire::Languages=none", "APT::Architecture=amd64", "APT::Architectures=amd64"]
            arguments = [a for o in options for a in ("-o", o)]
            done = subprocess.run(["apt-get", *arguments, "--error-on=any", "update"], capture_output=True, text=True,
                                  check=False)
            found = subprocess.run(["apt-cache", *arguments, "policy", "thing"], capture_output=True, text=True,
                                   check=False)
            return done, found.stdout

        done, found = update(key.public)
        assert done.returncode == 0, done.stderr
        assert "1.0-1+deb12u1" in found
        done, found = update(other.public)
        assert done.returncode != 0
        assert "1.0-1+deb12u1" not in found
    finally:
        repository.close()
        key.close()
        other.close()
