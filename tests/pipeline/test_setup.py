"""resole-setup: schema, roles and topics; again and again."""

import os
import shutil
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


def test_patches_announced_before_0016_have_their_tag(empty, place, root):
    """A database of then, with a patch that holds and one before it: what a withdrawal looks for is there afterwards."""
    folder = os.path.join(place, "schemas-16")
    os.makedirs(f"{folder}/migrations")
    for name in sorted(os.listdir(f"{root}/schemas/migrations"))[:16]:
        shutil.copy(f"{root}/schemas/migrations/{name}", f"{folder}/migrations")
    empty.postgres.create("t_setup_16")
    settings = {"RESOLE_DATABASE_URL": empty.postgres.url("t_setup_16")}
    done = run_setup(empty, RESOLE_SCHEMAS_DIR=folder, RESOLE_ROLES_MANAGED="false", **settings)
    assert done.returncode == 0 and "version 16" in done.stdout, done.stdout + done.stderr
    empty.postgres.query("t_setup_16", """
        with r as (insert into registry (name, address) values ('r', 'r.example') returning registry_id),
        m as (insert into managed_image (registry_id, repository, tag) select registry_id, 'base', '1' from r returning managed_id)
        insert into patch (managed_id, old_digest, new_digest, state, plan_digest)
        select managed_id, 'old', new, state, state from m, (values ('one', 'superseded'), ('two', 'announced'), ('three', 'pushed'),
            (null, 'refused')) as v (new, state)""")
    done = run_setup(empty, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    moved = {r["state"]: r["moved"] for r in empty.postgres.query("t_setup_16", "select state, moved_at is not null as moved from patch")}
    assert moved == {"superseded": True, "announced": True, "pushed": False, "refused": False}
