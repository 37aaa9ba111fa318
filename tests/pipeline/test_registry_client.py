"""The registry client against Debian's registry, and against one that challenges, redirects and spies."""

import base64
import http.server
import json
import os
import socket
import subprocess
import threading

import pytest

from images import Pusher, debian_files, digest_of, image_of, layer_of
from parts import Registry

IMAGE = image_of([layer_of(debian_files({"libc6": ("2.36-9+deb12u4", "glibc")})), layer_of({"srv/a": b"a" * 5000})])


@pytest.fixture(scope="module")
def registry(place):
    registry = Registry(place, name="registry-client").start()
    yield registry
    registry.kill()


@pytest.fixture
def probe(build, tmp_path):
    program = os.path.join(build, "tests", "registry_probe")

    def run(*arguments, code=0, **environment):
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment}
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, env=env, timeout=240)
        assert done.returncode == code, f"exit {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout.splitlines()

    return run


def private(registry):
    return {"PROBE_PRIVATE": registry.address, "PROBE_INSECURE": registry.address}


def test_an_image_copied_is_the_same_image(registry, probe):
    Pusher(registry.address).image("from/app", "1", IMAGE)
    said = probe("copy", f"{registry.address}/from/app:1", f"{registry.address}/to/app:2", "from/app", **private(registry))
    assert said[0].startswith("written sha256:")
    assert probe("tags", f"{registry.address}/to/app", **private(registry)) == ["2"]
    assert probe("head", f"{registry.address}/to/app:2", **private(registry)) == [said[0].split()[1]]
    assert {"from/app", "to/app"} <= set(probe("catalog", registry.address, **private(registry)))


@pytest.mark.parametrize("size,chunk", [(0, 0), (1, 0), (300000, 0), (300000, 100000), (300001, 100000)])
def test_uploads_in_one_piece_and_in_chunks(registry, probe, size, chunk):
    digest, there = probe("upload", f"{registry.address}/up/{size}-{chunk}", size, chunk, **private(registry))[0].split()
    data = bytes((i * 31 + i // 251) & 255 for i in range(size))
    assert digest == digest_of(data) and int(there) == size


def test_tags_of_a_registry(registry, probe):
    pusher = Pusher(registry.address)
    for number in range(7):
        pusher.image("many/app", f"t{number}", IMAGE)
    assert sorted(probe("tags", f"{registry.address}/many/app", **private(registry))) == [f"t{n}" for n in range(7)]
    assert probe("tags", f"{registry.address}/none/app", **private(registry)) == []


def test_referrers_by_the_tag_where_the_api_is_missing(registry, probe):
    Pusher(registry.address).image("ref/app", "1", IMAGE)
    where, digest = f"{registry.address}/ref/app", IMAGE.digest
    digest = probe("head", where + ":1", **private(registry))[0]
    assert probe("referrers", where, digest, **private(registry)) == []
    own = probe("attach", where, digest, **private(registry))[0]
    assert probe("referrers", where, digest, **private(registry)) == [own + " application/vnd.test"]
    assert probe("attach", where, digest, **private(registry)) == [own]  # once, however often
    assert len(probe("referrers", where, digest, **private(registry))) == 1


def test_deleting_twice_is_fine(registry, probe):
    Pusher(registry.address).image("gone/app", "1", IMAGE)
    digest = probe("head", f"{registry.address}/gone/app:1", **private(registry))[0]
    for _ in range(2):
        probe("delete", f"{registry.address}/gone/app@{digest}", **private(registry))
    assert probe("head", f"{registry.address}/gone/app:1", **private(registry)) == ["none"]


def test_a_private_address_needs_the_operator_s_word(registry, probe):
    said = probe("head", f"{registry.address}/from/app:1", code=3)[0]
    assert said.startswith("error input") and "private" in said


class Fake:
    """Answers by a table {path prefix: function(request) → (status, headers, body)}; keeps what was asked."""

    def __init__(self, answers):
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                outer.seen.append((self.command, self.path, self.headers.get("Authorization")))
                for prefix, function in answers.items():
                    if self.path.startswith(prefix):
                        status, headers, body = function(self)
                        break
                else:
                    status, headers, body = 404, {}, b""
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def fake():
    made = []

    def make(answers):
        made.append(Fake(answers))
        return made[-1]

    yield make
    for one in made:
        one.close()


def login(tmp_path, host, user="anna", password="s:cret"):
    (tmp_path / ".docker").mkdir(exist_ok=True)
    text = base64.b64encode(f"{user}:{password}".encode()).decode()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {host: {"auth": text}}}))
    return "Basic " + text


TAGS = (200, {"Content-Type": "application/json"}, b'{"name":"a","tags":["x"]}')


def test_many_tags_come_in_pages(fake, probe):
    def page(request):
        number = int(request.path.rsplit("=", 1)[1]) if "last=" in request.path else 0
        link = {"Link": f'</v2/a/tags/list?n=2&last={number + 1}>; rel="next"'} if number < 3 else {}
        return 200, link, json.dumps({"name": "a", "tags": [f"t{number}"]}).encode()

    one = fake({"/v2/a/tags": page})
    assert probe("tags", f"{one.address}/a", **private(one)) == ["t0", "t1", "t2", "t3"]


def test_basic_authentication(fake, probe, tmp_path):
    one = fake({"/v2/": lambda r: TAGS if r.headers.get("Authorization") == expected
                else (401, {"WWW-Authenticate": 'Basic realm="here"'}, b"")})
    expected = login(tmp_path, one.address)
    assert probe("tags", f"{one.address}/a", **private(one)) == ["x"]
    login(tmp_path, one.address, password="wrong")
    said = probe("tags", f"{one.address}/a", code=3, **private(one))[0]
    assert said.startswith("error input") and "not allowed" in said and "wrong" not in said


def bearer(one, token="t0ken"):
    """Answers of a registry that wants tokens, and of its token service on the same host."""
    return {
        "/v2/": lambda r: TAGS if r.headers.get("Authorization") == "Bearer " + token
        else (401, {"WWW-Authenticate": f'Bearer realm="http://{one()}/token?x=1",service="reg \\"q\\"",scope="s"'}, b""),
        "/token": lambda r: (200, {}, json.dumps({"token": token, "expires_in": 300}).encode()),
    }


def test_bearer_tokens_with_and_without_credentials(fake, probe, tmp_path):
    one = fake(bearer(lambda: one.address))
    assert probe("tags", f"{one.address}/a", **private(one)) == ["x"]
    asked = [s for s in one.seen if s[1].startswith("/token")]
    assert len(asked) == 1 and asked[0][2] is None and "scope=repository%3Aa%3Apull" in asked[0][1]
    expected = login(tmp_path, one.address)
    assert probe("tags", f"{one.address}/a", **private(one)) == ["x"]
    assert [s for s in one.seen if s[1].startswith("/token")][1][2] == expected


def test_credentials_stay_away_from_a_foreign_realm(fake, probe, tmp_path):
    thief = fake({"/token": lambda r: (200, {}, b'{"token":"t0ken"}')})
    foreign = thief.address.replace("127.0.0.1", "localhost")
    one = fake(bearer(lambda: foreign))
    expected = login(tmp_path, one.address)
    words = {"PROBE_PRIVATE": f"{one.address} {foreign}", "PROBE_INSECURE": one.address}
    said = probe("tags", f"{one.address}/a", code=3, **words)[0]
    assert "realm" in said and thief.seen == []
    # The operator's word sends them there; without credentials nobody has anything to lose.
    assert probe("tags", f"{one.address}/a", PROBE_REALMS=f"{one.address}={foreign}", **words) == ["x"]
    assert thief.seen[-1][2] == expected
    os.unlink(tmp_path / ".docker/config.json")
    assert probe("tags", f"{one.address}/a", **words) == ["x"]
    assert thief.seen[-1][2] is None


def test_a_redirect_carries_no_credentials_to_another_host(fake, probe, tmp_path):
    other = fake({"/": lambda r: TAGS})
    away = other.address.replace("127.0.0.1", "localhost")
    one = fake({"/v2/": lambda r: (307, {"Location": f"http://{away}/elsewhere"}, b"")
                if r.headers.get("Authorization") else (401, {"WWW-Authenticate": "Basic"}, b"")})
    login(tmp_path, one.address)
    words = {"PROBE_PRIVATE": f"{one.address} {away}", "PROBE_INSECURE": one.address}
    assert probe("tags", f"{one.address}/a", **words) == ["x"]
    assert other.seen == [("GET", "/elsewhere", None)]
    # Nor does it lead to a private host that nobody named.
    said = probe("tags", f"{one.address}/a", code=3, **private(one))[0]
    assert "private" in said and len(other.seen) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_that_is_unwell_is_asked_later(fake, probe, status):
    one = fake({"/v2/": lambda r: (status, {"Retry-After": "17"}, b"later")})
    said = probe("tags", f"{one.address}/a", code=3, **private(one))[0]
    assert said.startswith("error retry outside 17:") and str(status) in said


def test_wrong_bytes_under_a_digest(fake, probe):
    one = fake({"/v2/a/manifests/": lambda r: (200, {"Content-Type": "application/vnd.oci.image.manifest.v1+json",
                                                     "Docker-Content-Digest": "sha256:" + "0" * 64}, b"{}")})
    said = probe("copy", f"{one.address}/a:1", "oci:/nowhere/x", code=3, **private(one))[0]
    assert said.startswith("error input") and "digest" in said


def test_a_helper_s_answer_is_used(fake, probe, tmp_path):
    one = fake({"/v2/": lambda r: TAGS if r.headers.get("Authorization") == expected
                else (401, {"WWW-Authenticate": "Basic"}, b"")})
    expected = "Basic " + base64.b64encode(b"helga:pw").decode()
    helper = tmp_path / "docker-credential-probe"
    helper.write_text('#!/bin/sh\nread -r host\n[ "$1" = get ] || exit 1\n'
                      f'[ "$host" = "{one.address}" ] && echo \'{{"Username":"helga","Secret":"pw"}}\'\n')
    helper.chmod(0o755)
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"credHelpers": {one.address: "probe"}}))
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert probe("tags", f"{one.address}/a", PATH=path, **private(one)) == ["x"]


def test_a_mirror_serves_in_place_of_a_host_that_is_never_asked(registry, build, tmp_path):
    Pusher(registry.address).image("mirror/lib/app", "1", IMAGE)
    conf = tmp_path / "registries.conf"
    conf.write_text('[[registry]]\nlocation = "hub.invalid"\n'
                    '[[registry.mirror]]\nlocation = "127.0.0.1:1"\ninsecure = true\n'  # nobody there: the next one
                    f'[[registry.mirror]]\nlocation = "{registry.address}/mirror"\ninsecure = true\n')
    done = subprocess.run([os.path.join(build, "bin/resole"), "inventory", "hub.invalid/lib/app:1", "-o", "json"],
                          capture_output=True, text=True, timeout=240,
                          env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RESOLE_MIRRORS_FILE": str(conf),
                               "RESOLE_PROGRAMS_DIR": os.path.join(build, "bin"), "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stderr
    assert [p["name"] for p in json.loads(done.stdout)["packages"] if p["type"] == "deb"] == ["libc6"]


def test_a_server_that_says_nothing_is_one_error_in_bounded_time(build):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        done = subprocess.run([os.path.join(build, "bin", "resole"), "patch", f"127.0.0.1:{port}/demo/tomcat:10", "--to", "oci:none:1"],
                              capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 4
    assert done.stderr.splitlines() == [f"resole: 127.0.0.1:{port} demo/tomcat: 127.0.0.1:{port}: no byte for 20 s"]
