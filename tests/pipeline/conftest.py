"""The real parts once per session, a fresh system (database, topics, registry, workers) per module."""

import os
import shutil

import pytest

from debian_root import debian_root  # noqa: F401  (a fixture)
from parts import Kafka, Postgres
from system import System


@pytest.fixture(scope="session")
def jars():
    return os.environ.get("RESOLE_KAFKA_JARS") or os.path.join(
        os.environ.get("RESOLE_TEST_DIR", os.path.join(os.path.dirname(__file__), "../../build-test")), "kafka-jars")


@pytest.fixture(scope="session")
def postgres(place):
    postgres = Postgres(place).start()
    yield postgres
    postgres.process.kill()


@pytest.fixture(scope="session")
def kafka(place, jars):
    kafka = Kafka(place, jars).start()
    yield kafka
    kafka.process.kill()


@pytest.fixture(scope="session")
def programs(build):
    return os.path.join(build, "bin")


@pytest.fixture(scope="module")
def new_system(place, postgres, kafka, programs, request):
    """new_system(settings={worker: {NAME: value}}): started by the caller."""
    made = []

    def make(**options):
        name = f"{request.module.__name__.split('.')[-1].removeprefix('test_')}{len(made)}"
        system = System(name, place, postgres, kafka, programs, **options)
        made.append(system)
        return system

    yield make
    for system in made:
        system.close()


@pytest.fixture(scope="module")
def system(new_system):
    """Everything that the chain from push to finding needs, running."""
    system = new_system()
    system.start()
    return system


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing test shows the ends of the workers' logs."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for system in System.living:
            for process in system.processes.values():
                report.sections.append((f"log of {system.name}/{process.name}", process.tail(25)))


def pytest_collection_modifyitems(config, items):
    """A test that names a program which this build has not yet is skipped, and counted as such."""
    folder = os.path.join(os.environ.get("RESOLE_BUILD_DIR", os.path.join(str(config.rootpath), "../build")), "bin")
    for item in items:
        for mark in item.iter_markers("program"):
            for name in mark.args:
                if not (os.path.exists(os.path.join(folder, name)) or shutil.which(name)):
                    item.add_marker(pytest.mark.skip(reason=f"no {name} in this build"))
