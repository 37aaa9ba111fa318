"""Where the tests find the build and a place to work in."""

import os
import shutil
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(HERE, "pipeline"))


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def build():
    """The folder of a build; its programs lie in bin/."""
    return os.environ.get("RESOLE_BUILD_DIR", os.path.join(ROOT, "build"))


@pytest.fixture(scope="session")
def place():
    """A short path (sockets lie below it) that unprivileged parts may enter."""
    path = tempfile.mkdtemp(prefix="resole-t.")
    os.chmod(path, 0o755)
    yield path
    if not os.environ.get("RESOLE_TEST_KEEP"):
        shutil.rmtree(path, ignore_errors=True)
