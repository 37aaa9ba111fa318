"""The snippets for CI services: what they run is run here, what they name is written."""

import glob
import os
import re
import subprocess
import xml.etree.ElementTree as xml

import pytest
import yaml

from scan_parts import JAR, TRACKER, resole, root  # noqa: F401

pytestmark = pytest.mark.program("resole", "resole-reader")
SNIPPETS = os.path.join(os.path.dirname(__file__), "../../deploy/ci-snippets")
WRITTEN = {"resole.sarif", "resole.junit.xml", "resole.html", "resole.cdx.json"}


def commands():
    """The scan command line of each service's file."""
    github = yaml.safe_load(open(f"{SNIPPETS}/github.yml"))
    (step,) = [s["run"] for s in github["jobs"]["scan"]["steps"] if "run" in s]
    (script,) = yaml.safe_load(open(f"{SNIPPETS}/gitlab.yml"))["resole"]["script"]
    jenkins = re.search(r"script: '([^']*)'", open(f"{SNIPPETS}/Jenkinsfile").read())[1]
    return {"github": step.replace("${{ vars.IMAGE }}", "$IMAGE"), "jenkins": jenkins,
            "gitlab": script.replace("$CI_REGISTRY_IMAGE:$CI_COMMIT_SHORT_SHA", "$IMAGE")}


@pytest.mark.parametrize("service", ["github", "gitlab", "jenkins"])
def test_the_command_of_each_service(resole, root, build, tmp_path, service):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    work = tmp_path / "work"
    work.mkdir()
    os.symlink(os.path.abspath(f"{SNIPPETS}/.."), work / "deploy")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RESOLE": os.path.join(build, "bin/resole"), "IMAGE": f"dir:{root}",
                   "RESOLE_PROGRAMS_DIR": os.path.join(build, "bin"), "RESOLE_ADVISORY_DIR": str(tmp_path / "advisory"),
                   "RESOLE_REPOSITORIES_FILE": "/dev/null", "RESOLE_OFFLINE": "1"}

    def run(**more):
        return subprocess.run(["bash", "-c", commands()[service]], cwd=work, env={**environment, **more}, capture_output=True, text=True)

    done = run(RESOLE_FAIL_ON="high")
    assert done.returncode == 1, done.stderr
    assert "CVE-2024-0001" in done.stdout and {p.name for p in work.iterdir()} == WRITTEN | {"deploy"}
    xml.parse(work / "resole.junit.xml")
    assert run(RESOLE_FAIL_ON="critical").returncode == 5  # the jar: no source
    resole("advisory", "import", resole.load("jar.json", JAR))
    assert run(RESOLE_FAIL_ON="critical").returncode == 1
    policy = tmp_path / "policy.yaml"
    policy.write_text("ignore: [{tier: application, reason: r}, {tier: os, reason: r}]")
    assert run(RESOLE_POLICY=str(policy)).returncode == 0


def test_a_mirror_that_does_not_answer_does_not_stop_the_build(resole, root, build, tmp_path):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RESOLE": os.path.join(build, "bin/resole"),
                   "RESOLE_PROGRAMS_DIR": os.path.join(build, "bin"), "RESOLE_ADVISORY_DIR": str(tmp_path / "advisory"),
                   "RESOLE_REPOSITORIES_FILE": "/dev/null", "RESOLE_ADVISORY_BUNDLE_URL": "http://127.0.0.1:9/none.bundle"}
    done = subprocess.run([f"{SNIPPETS}/scan.sh", f"dir:{root}"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "not refreshed" in done.stderr


def test_files_that_the_services_collect_are_those_written():
    for path in glob.glob(f"{SNIPPETS}/*"):
        named = set(re.findall(r"resole\.(?:sarif|junit\.xml|html|cdx\.json)", open(path).read()))
        assert named <= WRITTEN and (named or path.endswith("policy.yaml")), path


def test_the_policy_is_one(resole, root):
    resole("advisory", "import", resole.load("tracker.json", TRACKER))
    resole("advisory", "import", resole.load("jar.json", JAR))
    resole("scan", f"dir:{root}", "--policy", f"{SNIPPETS}/policy.yaml")
