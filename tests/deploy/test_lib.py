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


PORTS = {"RESOLE_KAFKA_PORT": "kafka", "RESOLE_KAFKA_CONTROLLER_PORT": "kafka", "RESOLE_REGISTRY_PORT": "registry",
         "RESOLE_GATEWAY_PORT": "gateway", "RESOLE_DEMO_PORT": "the demonstration's Tomcat", "RESOLE_ADMIN_PORT_BASE": "gateway"}


@pytest.fixture
def free():
    """Settings that put every port where nothing listens: each is bound for a moment, the last for seven in a row."""
    def bound(port):
        sock = socket.socket()
        sock.bind(("127.0.0.1", port))
        return sock

    while True:
        held = []
        try:
            held = [bound(0) for _ in range(5)]
            base = bound(0)
            held.append(base)
            first = base.getsockname()[1]
            held += [bound(first + i) for i in range(1, 7)]
        except (OSError, OverflowError):
            continue
        else:
            return dict(zip(PORTS, [str(sock.getsockname()[1]) for sock in held[:6]]))
        finally:
            for sock in held:
                sock.close()


@pytest.mark.parametrize("setting", PORTS)
def test_a_taken_port_is_named_with_its_setting(root, state, free, setting):
    assert bash(root, "make_state; STEP=Parts; check_ports", state, **free).returncode == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(free[setting])))
        taken.listen()
        done = bash(root, "make_state; STEP=Parts; check_ports", state, **free)
    assert done.returncode == 1
    assert f"port {free[setting]} ({setting}, for {PORTS[setting]}) is taken" in done.stderr
    assert done.stderr.count("failed: Parts") == 1


@pytest.mark.parametrize("setting", PORTS)
@pytest.mark.parametrize("wrong", ["0", "65536", "many", "080"])
def test_what_is_no_port_is_said(root, state, free, setting, wrong):
    done = bash(root, "make_state; STEP=Parts; check_ports", state, **{**free, setting: wrong})
    assert done.returncode == 1 and f"{setting} is no port: '{wrong}'" in done.stderr


def test_one_port_for_two_is_said(root, state, free):
    done = bash(root, "make_state; STEP=Parts; check_ports", state, **{**free, "RESOLE_GATEWAY_PORT": free["RESOLE_REGISTRY_PORT"]})
    assert done.returncode == 1
    assert f"port {free['RESOLE_REGISTRY_PORT']} is meant for two: RESOLE_REGISTRY_PORT and RESOLE_GATEWAY_PORT" in done.stderr


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


@pytest.mark.parametrize("script, said", [
    ("there=$(false)", "false"),
    ("there=$(cat /no/such 2>/dev/null | sort)", "line"),
    ("(cd / && logged deep sh -c 'echo the reason; exit 3')", "exit 3 of: sh -c echo the reason"),
    ("x=$( (fail 'the reason') )", "the reason"),
    ("f() { fail 'the reason'; }; f", "the reason"),
])
def test_a_failure_is_said_once_however_deep(root, state, script, said):
    done = bash(root, f"make_state; STEP=Deep\n{script}\necho went on", state)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("failed: Deep") == 1 and said in done.stderr, done.stderr


@pytest.mark.parametrize("free_kb, named", [(10240, True), (10485760, False)])
def test_a_full_disk_is_named_beside_what_failed(root, state, free_kb, named):
    script = f"""
df() {{ echo Avail; case "$*" in *{state}*) echo {free_kb} ;; *) echo 99999999 ;; esac; }}
make_state; STEP=Images
logged images sh -c "echo write error; exit 1"
"""
    done = bash(root, script, state, TMPDIR="/tmp")
    assert done.returncode == 1 and "| write error" in done.stderr
    assert (f"the disk of {state} is full: 10 MB free" in done.stderr) == named
    assert done.stderr.count("is full") == named


def test_mirrors_that_cannot_be_read_are_the_reason_given(root, state, tmp_path):
    script = FAKE_APT + """
apt-get() { case " $* " in *" update "*) echo "Could not resolve the mirror"; return 100 ;; *) echo "$*" >>$calls ;; esac; }
install_packages /dev/null"""
    done = bash(root, script, state, MACHINE=str(machine_of(tmp_path, False)), calls=str(tmp_path / "calls"))
    assert done.returncode == 1 and "package mirrors cannot be read" in done.stderr
    assert f"log: {state}/log/apt.log" in done.stderr and "| Could not resolve the mirror" in done.stderr
    assert not (tmp_path / "calls").exists(), "something was installed all the same"


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


FAKE_APT = """
apt-get() {
    case " $* " in
    *" --assume-no "*)
        echo "ask $*" >>$calls
        echo "0 upgraded, 3 newly installed, 0 to remove and 0 not upgraded."
        echo "Need to get 12 MB of archives."
        echo "After this operation, 34 MB of additional disk space will be used."
        return 1
        ;;
    *" install "*)
        echo "install policy=$(cat $MACHINE/usr/sbin/policy-rc.d) cluster=$(cat $MACHINE/etc/postgresql-common/createcluster.d/*)" |
            tr '\\n' ' ' >>$calls
        ln -s /lib/systemd/system/some.service $MACHINE/etc/systemd/system/multi-user.target.wants/some.service
        return ${APT_CODE:-0}
        ;;
    esac
}
missing_packages() { echo some; }
make_state
STEP="Debian packages"
"""


def machine_of(tmp_path, own_policy):
    machine = tmp_path / "machine"
    for folder in ("usr/sbin", "etc/systemd/system/multi-user.target.wants", "etc/rc2.d"):
        (machine / folder).mkdir(parents=True)
    if own_policy:
        (machine / "usr/sbin/policy-rc.d").write_text("the machine's own")
    return machine


@pytest.mark.parametrize("own_policy", [False, True])
@pytest.mark.parametrize("code", ["0", "100"])
def test_packages_are_installed_while_services_and_clusters_are_denied(root, state, tmp_path, own_policy, code):
    """Whatever apt says, the machine is as before; what is asked first installs nothing."""
    machine, calls = machine_of(tmp_path, own_policy), tmp_path / "calls"
    done = bash(root, FAKE_APT + "install_packages /dev/null", state, MACHINE=str(machine), calls=str(calls), APT_CODE=code)
    assert (done.returncode == 0) == (code == "0"), done.stderr
    asked, installed = calls.read_text().splitlines()
    assert "--download-only" in asked and "Assume-Yes=false" in asked and " -y " not in asked
    assert "exit 101" in installed and "create_main_cluster = false" in installed
    for said in ("to install from Debian: some", "Need to get 12 MB", "34 MB of additional disk space", "about"):
        assert said in done.stdout
    policy = machine / "usr/sbin/policy-rc.d"
    assert policy.read_text() == "the machine's own" if own_policy else not policy.exists()
    assert os.listdir(machine / "etc/postgresql-common/createcluster.d") == []
    assert os.listdir(machine / "etc/systemd/system/multi-user.target.wants") == []
    if code != "0":
        assert "failed: Debian packages" in done.stderr and f"log: {state}/log/apt.log" in done.stderr
