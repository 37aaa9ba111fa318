"""resole-setup: schema, roles and topics; again and again."""

import subprocess

import pytest

pytestmark = pytest.mark.program("resole-setup")


@pytest.fixture(scope="module")
def empty(new_system):
    """Set up, no worker, no registry."""
    return new_system(registry=False)


def run_setup(system, *arguments, **settings):
    return subprocess.run([f"{system.programs}/resole-setup", *arguments], capture_output=True, text=True,
                          env=system.environment("setup", "postgres") | settings, timeout=180, check=False)


def topics(kafka, prefix):
    from confluent_kafka.admin import AdminClient
    found = AdminClient({"bootstrap.servers": kafka.brokers}).list_topics(timeout=30).topics
    return {n: len(t.partitions) for n, t in found.items() if n.startswith(prefix)}


def test_topics_have_their_partitions_and_twins(empty, kafka):
    found = topics(kafka, empty.prefix)
    assert found[f"{empty.prefix}image.pushed.v1"] == 3
    assert found[f"{empty.prefix}image.pushed.bulk.v1"] == 3
    assert f"{empty.prefix}alert.patch.v1" in found
    assert set(found.values()) == {3}


def test_a_second_run_changes_nothing(empty, kafka):
    before = topics(kafka, empty.prefix)
    again = run_setup(empty)
    assert again.returncode == 0, again.stderr
    assert "0 migrations applied now" in again.stdout
    assert "0 created or grown" in again.stdout
    assert topics(kafka, empty.prefix) == before
    assert run_setup(empty, "--check").returncode == 0


def test_check_says_what_is_missing(empty):
    done = run_setup(empty, "--check", RESOLE_TOPIC_PREFIX="other.")
    assert done.returncode == 1
    assert "other." in done.stderr


def test_each_worker_has_only_its_own_rights(empty):
    """A notifier may not write images; an unpacker may not read tokens."""
    import psycopg2
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        empty.postgres.query(empty.database, "delete from image", user="resole_notifier")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        empty.postgres.query(empty.database, "select * from token", user="resole_unpacker")
