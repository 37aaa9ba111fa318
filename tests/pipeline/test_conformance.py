"""`resole version compare` and the runner of the conformance corpora."""

import os
import subprocess

import pytest

RUNNER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "corpora")


@pytest.fixture
def resole(build):
    def run(*arguments, given=""):
        return subprocess.run([os.path.join(build, "bin", "resole"), *arguments], input=given,
                              capture_output=True, text=True, timeout=120)
    return run


@pytest.mark.program("resole")
def test_compare_two(resole):
    assert resole("version", "compare", "deb", "1.0~rc1-1", "1.0-1").stdout == "<\n"
    assert resole("version", "compare", "PyPI", "1.0", "1.0.0").stdout == "=\n"
    bad = resole("version", "compare", "deb", "x:1", "2")
    assert (bad.returncode, bad.stdout) == (3, "") and "x:1" in bad.stderr
    assert resole("version", "compare", "nothing", "1", "2").returncode == 2
    assert resole("version", "compare", "deb", "1").returncode == 2


@pytest.mark.program("resole")
def test_compare_batch(resole):
    came = resole("version", "compare", "rpm", "--batch", given="1.0-1\t1.0-2\n2\\t\t2\n1:1\t9\nno tab\n")
    assert (came.returncode, came.stdout) == (0, "<\n=\n>\n!\n")


@pytest.fixture
def corpora(build, tmp_path):
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "deb.cmp.tsv").write_text("# a\n1.0\t<\t1.1\tS1\n1.0\t>\t1.1\tS1\n")
    (tmp_path / "versions" / "pypi.valid.tsv").write_text("1.0\tvalid\t\tS1\n1..0\tinvalid\t\tS1\n")

    def run(*arguments):
        return subprocess.run([RUNNER, str(tmp_path), *arguments], capture_output=True, text=True,
                              timeout=300, env={**os.environ, "RESOLE_BUILD": build})
    return run


def test_the_runner_tells_what_failed(corpora):
    came = corpora("versions", "-v")
    assert came.returncode == 1
    assert "versions deb.cmp passed 1 of 2\n" in came.stdout
    assert "versions pypi.valid passed 2 of 2\n" in came.stdout
    assert "FAIL versions deb.cmp/1.0 1.1" in came.stdout


def test_known_failures_are_allowed_loudly(corpora):
    came = corpora("versions", "--known", "versions=1")
    assert came.returncode == 0 and "KNOWN TO FAIL: 1" in came.stdout
    assert corpora("versions", "--known", "versions=0").returncode == 1


def test_a_topic_that_is_asked_for_must_be_there(corpora):
    assert corpora("lang").returncode == 1
    assert corpora("nothing").returncode == 2
