"""Every SQL statement of every worker against the migrated schema, under that worker's own role: it
parses, its names exist, and the role's rights suffice (EXPLAIN starts the executor, runs nothing)."""

import glob
import os
import re

import pytest

pytestmark = pytest.mark.program("resole-setup")

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROLES = ["gateway", "fetcher", "unpacker", "matcher", "patch_builder", "notifier", "janitor"]
# What only resole-setup's own role runs.
SETUP = ["setup"]


def sources_with(text):
    for path in sorted(glob.glob(f"{ROOT}/workers/*/*.c")):
        with open(path, encoding="utf-8") as file:
            if text in file.read():
                yield path.split("/")[-2], path.split("/")[-1][:-2]


def roles_of_shared(statement):
    """The workers that reach a statement of workers/shared through the headers they include."""
    files = [name for folder, name in sources_with(f"sql_{statement}") if folder == "shared"]
    roles = set()
    for name in files:
        for folder, user in sources_with(f'"shared/{name}.h"'):
            if folder != "shared":
                roles.add(folder)
            elif user not in files:
                files.append(user)
    assert roles, f"nobody runs {statement}"
    return sorted(roles)


def statements():
    for path in sorted(glob.glob(f"{ROOT}/workers/*/sql/*.sql")):
        folder = path.split("/")[-3]
        if folder == "shared":
            for role in roles_of_shared(os.path.basename(path)[:-4]):
                yield path, f"resole_{role}"
        else:
            yield path, "postgres" if folder in SETUP else f"resole_{folder}"
    for path in sorted(glob.glob(f"{ROOT}/common/*/sql/*.sql")):
        for role in ROLES:
            yield path, f"resole_{role}"


def staging_tables():
    """(role, statement): the temporary tables that C code makes, which statements then use."""
    for path in sorted(glob.glob(f"{ROOT}/workers/*/*.c")):
        with open(path, encoding="utf-8") as file:
            for literals in re.findall(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', file.read()):
                text = re.sub(r'"\s*"', "", literals).strip().strip('"')
                if text.startswith("create temp"):
                    yield f"resole_{path.split('/')[-2]}", text


@pytest.fixture(scope="module")
def migrated(new_system):
    return new_system(registry=False)


def connect(postgres, migrated, role):
    import psycopg2
    connection = psycopg2.connect(postgres.url(migrated.database, role))
    with connection.cursor() as cursor:
        for owner, text in staging_tables():
            if owner == role:
                cursor.execute(text.replace("on commit drop", ""))
    connection.commit()
    return connection


def problem_of(connection, text):
    import psycopg2
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"prepare one as {text}")
            cursor.execute("select cardinality(parameter_types) from pg_prepared_statements where name = 'one'")
            count = cursor.fetchone()[0]
            values = ", ".join(["null"] * count)
            cursor.execute(f"explain execute one ({values})" if count else "explain execute one")
            return None
        except psycopg2.Error as why:
            return str(why).strip()
        finally:
            connection.rollback()
            cursor.execute("deallocate all")
            connection.commit()


def test_every_statement_prepares_and_its_role_may_run_it(migrated, postgres):
    found, problems, connections = 0, [], {}
    for path, role in statements():
        if role not in connections:
            connections[role] = connect(postgres, migrated, role)
        with open(path, encoding="utf-8") as file:
            problem = problem_of(connections[role], file.read())
        found += 1
        if problem:
            problems.append(f"{os.path.relpath(path, ROOT)} as {role}: {problem}")
    for connection in connections.values():
        connection.close()
    assert found > 20
    assert not problems, "\n".join(problems)
