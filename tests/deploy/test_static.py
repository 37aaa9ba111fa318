"""What operators use, checked without an engine: compose, Dockerfile, Kubernetes, systemd, settings."""

import glob
import http.server
import json
import os
import re
import shutil
import subprocess
import threading

import jsonschema
import pytest
import yaml

WORKERS = {"gateway", "fetcher", "unpacker", "matcher", "patch-builder", "notifier", "janitor"}


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="module")
def compose(root):
    return yaml.safe_load(read(root, "docker-compose.yml"))


def known_settings(build, program):
    """Names that the program's --help lists; None when this build has it not."""
    path = f"{build}/bin/{program}"
    if not os.path.exists(path):
        return None
    text = subprocess.run([path, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  (RESOLE_[A-Z0-9_]+)", text, re.MULTILINE))


def test_compose_fits_its_schema(root, compose):
    schema = json.loads(read(root, "tests/deploy/compose.schema.json"))
    jsonschema.Draft202012Validator(schema).validate(compose)


def test_compose_refers_only_to_what_it_declares(root, compose):
    services, volumes = compose["services"], set(compose["volumes"])
    assert WORKERS | {"postgres", "kafka", "registry", "setup", "keys", "register"} == set(services)
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "test" in services[needed]["healthcheck"], f"{needed} has no health check"
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in volumes, f"{name}: {volume}"
        if "build" in service:
            assert os.path.exists(os.path.join(root, service["build"]["dockerfile"]))
    for worker in WORKERS:
        assert services[worker]["command"] == [f"resole-{worker}"]
        assert services[worker]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
        role = "resole_" + worker.replace("-", "_")
        assert f"//{role}:" in services[worker]["environment"]["RESOLE_DATABASE_URL"], f"{worker} has another's role"


def test_compose_sets_only_settings_that_exist(compose, build):
    """A shared setting must be known to one program at least, a worker's own to that worker."""
    shared = set(compose["x-settings"])
    known_somewhere = set()
    for worker in WORKERS | {"setup"}:
        known = known_settings(build, f"resole-{worker}")
        if known is None:
            pytest.skip(f"no resole-{worker} in this build")
        known_somewhere |= known
        own = {n for n in compose["services"][worker]["environment"] if n.startswith("RESOLE_")} - shared
        assert own <= known, f"{worker} does not know {own - known}"
    assert shared <= known_somewhere, shared - known_somewhere


# Where a program that seals or opens secrets finds its key, and the gateway its first token.
KEY_FILES = {"RESOLE_SEAL_KEY_FILE": WORKERS - {"unpacker", "matcher"}, "RESOLE_GATEWAY_ADMIN_TOKEN_FILE": {"gateway"}}


def test_who_brings_it_up_with_docker_has_a_token_and_a_key(compose, build):
    """Without them nobody could register a registry or call the API at all."""
    for setting, readers in KEY_FILES.items():
        for worker in readers:
            service = compose["services"][worker]
            file = service["environment"][setting]
            assert any(file.startswith(v.split(":")[1] + "/") for v in service["volumes"]), f"{worker}: {file} is on no volume"
            known = known_settings(build, f"resole-{worker}")
            assert known is None or setting in known, worker
    for worker in ("fetcher", "patch-builder"):
        assert compose["services"][worker]["environment"]["RESOLE_REPOSITORIES_FILE"]
    assert compose["services"]["setup"]["depends_on"]["keys"]["condition"] == "service_completed_successfully"


def shell_of(service):
    """The script that compose would give to sh, its $$ read as compose does."""
    assert service["command"][:2] == ["sh", "-ec"]
    return service["command"][2].replace("$$", "$")


def test_the_keys_are_made_once(compose, tmp_path):
    script = shell_of(compose["services"]["keys"]).replace("/var/lib/resole/keys", str(tmp_path))
    made = []
    for _ in range(2):
        subprocess.run(["sh", "-ec", script], check=True)
        made.append(((tmp_path / "seal.key").read_bytes(), (tmp_path / "admin-token").read_text()))
    assert len(made[0][0]) == 32 and len(made[0][1].strip()) >= 20
    assert made[0] == made[1], "a second start made others"
    assert {oct((tmp_path / name).stat().st_mode & 0o777) for name in ("seal.key", "admin-token")} == {"0o600"}


def test_the_registry_is_made_known_under_the_name_its_events_come_by(compose, tmp_path):
    asked = []

    class Gateway(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    (tmp_path / "admin-token").write_text("the-token\n")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        script = shell_of(compose["services"]["register"]).replace("/var/lib/resole/keys", str(tmp_path))
        script = script.replace("http://gateway:8080", f"http://127.0.0.1:{server.server_address[1]}")
        plain = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        subprocess.run(["sh", "-ec", script], check=True, timeout=60, env={**plain, "EVENT_SECRET": "told"})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    (path, who, body), = asked
    assert path == "/v1/registries" and who == "Bearer the-token"
    assert body["event_secret"] == "told" and body["plain_http"] and body["private_ok"]
    endpoint, = yaml.safe_load(compose["services"]["registry"]["environment"]["REGISTRY_NOTIFICATIONS_ENDPOINTS"])
    assert endpoint["url"] == f"http://gateway:8080/v1/events/{body['name']}"
    secret = compose["services"]["register"]["environment"]["EVENT_SECRET"]
    assert endpoint["headers"]["Authorization"] == [f"Bearer {secret}"]


def test_dockerfile_copies_what_exists_and_names_known_steps(root):
    text = re.sub(r"\\\n", " ", read(root, "deploy/Dockerfile"))
    stages = set()
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        word, rest = line.split(None, 1)
        assert word in ("FROM", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "CMD"), line
        if word == "FROM":
            assert ":latest" not in rest and ":" in rest, "an image without a version"
            if " AS " in rest:
                stages.add(rest.split(" AS ")[1])
        if word == "COPY":
            parts = rest.split()
            if parts[0].startswith("--from="):
                assert parts[0][7:] in stages, line
                continue
            for source in parts[:-1]:
                assert os.path.exists(os.path.join(root, source)), f"{source} is not in the clone"
        if word == "RUN":
            assert subprocess.run(["sh", "-n", "-c", rest], check=False).returncode == 0, line
        if word in ("VOLUME", "CMD"):
            assert isinstance(json.loads(rest), list)


def test_package_lists_have_sections(root):
    done = subprocess.run([f"{root}/deploy/lib/list-packages", "build", f"{root}/deploy/packages"],
                          capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert "cmake" in names and "librnp-dev" in names and "maven" not in names
    everything = subprocess.run([f"{root}/deploy/lib/list-packages", "", f"{root}/deploy/packages.runtime"],
                                capture_output=True, text=True, check=True)
    assert "libpq5" in everything.stdout.split()


def test_runtime_packages_bring_every_library_that_a_program_names(root, build):
    """NEEDED of each program, by the package that holds it."""
    listed = set(subprocess.run([f"{root}/deploy/lib/list-packages", "", f"{root}/deploy/packages.runtime"],
                                capture_output=True, text=True, check=True).stdout.split())
    programs = glob.glob(f"{build}/bin/resole*")
    assert programs, "no programs"
    needed = set()
    for program in programs:
        text = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
        needed |= set(re.findall(r"\(NEEDED\).*\[(.*)\]", text))
    for library in sorted(needed):
        owner = subprocess.run(["dpkg", "-S", f"*/{library}"], capture_output=True, text=True, check=False).stdout
        names = {line.split(":")[0] for line in owner.splitlines()}
        assert names & (listed | {"libc6", "libgcc-s1"}), f"{library}: {names or 'no package'} is not in deploy/packages.runtime"


def test_kubernetes_manifests_agree_with_each_other(root):
    documents = []
    for path in sorted(glob.glob(f"{root}/deploy/kubernetes/*.yaml")):
        with open(path, encoding="utf-8") as file:
            documents += [d for d in yaml.safe_load_all(file) if d]
    by_kind = {}
    for document in documents:
        assert {"apiVersion", "kind", "metadata"} <= set(document)
        by_kind.setdefault(document["kind"], {})[document["metadata"]["name"]] = document
    assert set(by_kind["Deployment"]) == WORKERS
    for name, deployment in by_kind["Deployment"].items():
        spec = deployment["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"] == labels
        container = spec["template"]["spec"]["containers"][0]
        assert container["command"] == [f"resole-{name}"]
        for source in container["envFrom"]:
            assert source["configMapRef"]["name"] in by_kind["ConfigMap"]
        for variable in container["env"]:
            if "valueFrom" in variable:
                key = variable["valueFrom"]["secretKeyRef"]
                assert key["key"] in by_kind["Secret"][key["name"]]["stringData"]
        mounts = {m["name"] for m in container["volumeMounts"]}
        assert mounts == {v["name"] for v in spec["template"]["spec"]["volumes"]}
        files = {}
        for volume in spec["template"]["spec"]["volumes"]:
            if "secret" in volume:
                at, = [m["mountPath"] for m in container["volumeMounts"] if m["name"] == volume["name"]]
                secret = by_kind["Secret"][volume["secret"]["secretName"]]["stringData"]
                files |= {f"{at}/{item['path']}": secret[item["key"]] for item in volume["secret"]["items"]}
        shared = by_kind["ConfigMap"]["resole"]["data"]
        for setting, readers in KEY_FILES.items():
            assert name not in readers or shared[setting] in files, f"{name}: {setting} names no file of a secret"
        if name == "gateway":
            assert len(files[shared["RESOLE_SEAL_KEY_FILE"]]) == 32
            assert len(files[shared["RESOLE_GATEWAY_ADMIN_TOKEN_FILE"]]) >= 20
    for scaled in by_kind["ScaledObject"].values():
        assert scaled["spec"]["scaleTargetRef"]["name"] in by_kind["Deployment"]
    selector = by_kind["Service"]["gateway"]["spec"]["selector"]
    assert selector == by_kind["Deployment"]["gateway"]["spec"]["template"]["metadata"]["labels"]


def test_environment_files_are_what_the_programs_say(root, build):
    if not all(os.path.exists(f"{build}/bin/resole-{w}") for w in WORKERS):
        pytest.skip("this build has not every program yet")
    done = subprocess.run([f"{root}/deploy/lib/write-env", "--check"], capture_output=True, text=True, check=False,
                          env=dict(os.environ, RESOLE_BUILD_DIR=build))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(WORKERS | {"setup"}))
def test_a_program_answers_what_it_is_and_whether_its_settings_fit(build, name):
    program = f"{build}/bin/resole-{name}"
    if not os.path.exists(program):
        pytest.skip("not in this build")

    def run(option, **settings):
        plain = {k: v for k, v in os.environ.items() if not k.startswith("RESOLE_")}
        return subprocess.run([program, option], capture_output=True, text=True, check=False, timeout=60,
                              env={**plain, **settings})

    version = run("--version")
    assert version.returncode == 0 and re.fullmatch(rf"resole-{name} \d+\.\d+\.\d+\n", version.stdout)
    assert "RESOLE_DATABASE_URL" in run("--help").stdout
    assert run("--nonsense").returncode == 2
    missing = run("--check-config")
    assert missing.returncode == 2 and "is not set" in missing.stderr
    whole = {"RESOLE_DATABASE_URL": "host=nowhere", "RESOLE_BLOB_DIR": "/tmp"}
    assert run("--check-config", **whole).returncode == 0
    number = "RESOLE_TOPIC_PARTITIONS" if name == "setup" else "RESOLE_ADMIN_PORT"
    wrong = run("--check-config", **whole, **{number: "many"})
    assert wrong.returncode == 2 and number in wrong.stderr
    if name != "setup":
        word = run("--check-config", **whole, RESOLE_LOG_FORMAT="poem")
        assert word.returncode == 2 and "none of: logfmt json" in word.stderr


def test_every_setting_in_an_environment_file_is_explained(root):
    """One line of comment stands above each."""
    for path in glob.glob(f"{root}/deploy/env/*.env"):
        lines = read(root, path).splitlines()
        for above, line in zip(lines, lines[1:]):
            assert line.startswith("#") or (above.startswith("# ") and len(above) > 10), f"{path}: {line}"


def test_systemd_units_have_their_sections(root):
    for path in glob.glob(f"{root}/deploy/systemd/*.service"):
        text = read(root, path)
        assert re.findall(r"^\[(.*)\]$", text, re.MULTILINE) == ["Unit", "Service", "Install"], path
        for line in text.splitlines():
            assert not line or line[0] in "#[" or re.match(r"^[A-Z][A-Za-z]+=", line), f"{path}: {line}"


def test_systemd_reads_the_units(root, tmp_path):
    """As systemd-analyze verify sees them, with a program that exists everywhere."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    units = []
    for path in glob.glob(f"{root}/deploy/systemd/*.service"):
        units.append(tmp_path / os.path.basename(path).replace("@", "@gateway"))
        units[-1].write_text(re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", read(root, path), flags=re.MULTILINE))
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "resole" in line]
    assert done.returncode == 0 and not ours, done.stderr


def test_no_mirror_or_foreign_host_in_what_is_run(root):
    """deploy/ takes mirrors from the machine's own configuration."""
    for path in [f"{root}/deploy/up", f"{root}/deploy/down", f"{root}/deploy/part", *glob.glob(f"{root}/deploy/lib/*")]:
        for number, line in enumerate(read(root, path).splitlines(), 1):
            for host in re.findall(r"https?://([^/\"'$ :]+)", line):
                assert host in ("127.0.0.1",), f"{path}:{number}: {host}"
