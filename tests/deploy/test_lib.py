"""deploy/lib: what it refuses and what it leaves alone."""

import os
import socket
import subprocess
import time

import pytest


def bash(root, script, state, **environment):
    return subprocess.run(
        ["bash", "-c", f". {root}/deploy/lib/all.sh\n{script}"], capture_output=True, text=True, timeout=120, check=False,
        env=dict(os.environ, RESOLE_STATE_DIR=str(state), **environment))


@pytest.fixture
def state(tmp_path_factory):
    import shutil
    import tempfile
    path = tempfile.mkdtemp(prefix="resole-d.")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_a_taken_port_is_named_with_its_setting(root, state):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = bash(root, "make_state; STEP=Parts; check_ports", state, RESOLE_KAFKA_PORT=str(port))
    assert done.returncode == 1
    assert f"port {port} (RESOLE_KAFKA_PORT, for kafka) is taken" in done.stderr
    assert "failed: Parts" in done.stderr


def test_missing_packages_are_those_not_installed(root, state, tmp_path):
    lists = tmp_path / "list"
    lists.write_text("# comment\nbash resole-no-such-package # why\n")
    done = bash(root, f"missing_packages {lists}", state)
    assert done.stdout.split() == ["resole-no-such-package"]


def test_a_failing_step_says_which_why_and_where_the_log_is(root, state):
    done = bash(root, 'make_state; step "Build"; logged build sh -c "echo the reason; exit 3"', state)
    assert done.returncode == 1
    assert "failed: Build" in done.stderr
    assert f"log: {state}/log/build.log" in done.stderr
    assert "| the reason" in done.stderr


def test_a_relative_or_long_state_directory_is_refused(root):
    assert "not an absolute path" in bash(root, "make_state", "here").stderr
    assert "too long" in bash(root, "make_state", "/tmp/" + "x" * 90).stderr


def test_a_part_is_started_again_and_leaves_nothing(root, state):
    """The supervised process ends by itself, comes again, and stop leaves neither."""
    script = f"""
make_state
part_run gateway root bash -c 'echo run $$ >> {state}/runs; exec sleep 600'
wait_until 20 first test -s {state}/runs
kill "$(awk 'NR == 1 {{print $2}}' {state}/runs)"
wait_until 30 second sh -c '[ "$(wc -l < {state}/runs)" -ge 2 ]'
part_is_running gateway
echo supervisor $(part_pid gateway)
part_stop gateway
! part_is_running gateway
"""
    done = bash(root, script, state)
    assert done.returncode == 0, done.stderr
    with open(f"{state}/runs", encoding="utf-8") as runs:
        children = [int(line.split()[1]) for line in runs]
    assert len(children) >= 2
    supervisor = int(done.stdout.split()[-1])
    for pid in children + [supervisor]:
        end = time.monotonic() + 60
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    break
            time.sleep(0.1)
        else:
            assert not os.path.exists(f"/proc/{pid}")


def test_down_without_anything_says_so(root, state):
    done = subprocess.run([f"{root}/deploy/down"], capture_output=True, text=True, check=False,
                          env=dict(os.environ, RESOLE_STATE_DIR=state))
    assert done.returncode == 0
    assert "nothing of Resole" in done.stdout


def test_services_enabled_by_a_package_are_disabled_and_others_stay(root, state, tmp_path):
    """disable_new_services removes only links that were not there before."""
    wants = tmp_path / "multi-user.target.wants"
    wants.mkdir()
    (wants / "old.service").symlink_to("/lib/old.service")
    script = f"""
boot_links() {{ find {tmp_path} -type l | sort; }}
boot_links > {state}/before
ln -s /lib/new.service {wants}/new.service
disable_new_services {state}/before
"""
    done = bash(root, script, state)
    assert done.returncode == 0, done.stderr
    assert os.listdir(wants) == ["old.service"]
