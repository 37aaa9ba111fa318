"""The outside world misbehaves: a registry that loses events, answers errors, cuts connections."""

import http.server
import threading

import pytest
import requests

from images import debian_files, image_of, layer_of
from parts import wait_for

pytestmark = pytest.mark.program("resole-gateway", "resole-fetcher", "resole-unpacker", "resole-janitor")
READ = ("unpacked", "matched")
BASE = layer_of(debian_files({"libc6": ("2.36-9+deb12u4", "glibc")}))


class Proxy:
    """Passes everything to a registry, unless told to answer a status or to cut blobs short."""

    def __init__(self, target):
        self.status, self.headers, self.cut, self.seen = None, {}, None, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                outer.seen.append((self.command, self.path, self.headers.get("Range")))
                if outer.status:
                    self.send_response(outer.status)
                    for name, value in outer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                wanted = {k: v for k, v in self.headers.items() if k.lower() in ("accept", "range", "authorization")}
                got = requests.request(self.command, f"http://{target}{self.path}", headers=wanted, timeout=60,
                                       stream=True)
                body = got.raw.read() if self.command != "HEAD" else b""
                self.send_response(got.status_code)
                for name in ("Content-Type", "Docker-Content-Digest", "Content-Range", "Accept-Ranges", "ETag", "Link"):
                    if name in got.headers:
                        self.send_header(name, got.headers[name])
                length = int(got.headers.get("Content-Length", len(body)))
                self.send_header("Content-Length", str(length))
                self.end_headers()
                if outer.cut and "/blobs/" in self.path and len(body) > outer.cut and not self.headers.get("Range"):
                    self.wfile.write(body[:outer.cut])
                    self.wfile.flush()
                    self.close_connection = True
                    self.connection.close()
                    return
                self.wfile.write(body)

            do_GET = do_HEAD = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def chain(new_system):
    system = new_system(settings={"janitor": {"RESOLE_SWEEP_EVERY_S": "3", "RESOLE_JANITOR_TICK_MS": "200"}})
    system.start("gateway", "fetcher", "unpacker", "janitor")
    return system


@pytest.fixture(scope="module")
def proxy(chain):
    proxy = Proxy(chain.registry.address)
    chain.query("insert into registry (name, address, plain_http, private_ok) values ('proxied', %s, true, true)",
                (proxy.address,))
    yield proxy
    chain.query("update registry set address = %s where name = 'proxied'", (chain.registry.address,))
    proxy.close()


def see(system, repository, tag):
    """As an operator: look at this name now."""
    return system.admin.post("/v1/images/import", {"registry": "proxied", "repository": repository, "tags": [tag]})


def test_a_push_whose_event_was_lost_is_swept_up_and_counted(chain):
    chain.stop("gateway")
    image = image_of([BASE, {"srv/lost": "x"}])
    chain.push.image("lost/a", "1", image)
    chain.registry.kill()  # its queue of events is in memory: gone
    chain.registry.start()
    chain.start("gateway")
    chain.wait_image(image.digest, *READ)
    causes = chain.query("select cause from run where repository = 'lost/a'")
    assert {"cause": "sweep"} in causes, causes
    assert chain.value("select coalesce(sum(value), 0) from counter") >= 1


@pytest.mark.parametrize("status", [500, 429, 503])
def test_errors_that_pass_are_waited_out(chain, proxy, status):
    image = image_of([BASE, {"srv/status": str(status)}])
    chain.push.image(f"outside/s{status}", "1", image)
    chain.wait_image(image.digest, *READ)  # known by the registry's own event
    fresh = image_of([BASE, {"srv/status": f"{status} again"}])
    proxy.status, proxy.headers = status, {"Retry-After": "1"}
    try:
        before = len(proxy.seen)
        see(chain, f"outside/p{status}", "1")
        wait_for(lambda: len(proxy.seen) > before, "the registry was asked")
        wait_for(lambda: chain.value("select count(*) from task where state = 'deferred' and consumer = 'fetcher'"),
                 "the task waits")
        assert chain.value("select count(*) from task where state = 'parked' and reason like %s", (f"%p{status}%",)) == 0
    finally:
        proxy.status = None
    chain.push.image(f"outside/p{status}", "1", fresh)
    chain.wait_image(fresh.digest, *READ)
    wait_for(lambda: chain.value("select count(*) from image_place p join registry r using (registry_id) join image i using (image_id)"
                                 " where r.name = 'proxied' and i.digest = %s", (fresh.digest,)),
             "the deferred look came again")


def test_a_cut_layer_is_resumed_by_range(chain, proxy):
    import os
    data = os.urandom(300_000)
    image = image_of([{"srv/random": data}])
    proxy.cut = 100_000
    try:
        # Only the proxied registry knows of this repository's tag: the event of the push itself goes
        # to the unproxied one, so the gateway is stopped while it is pushed.
        chain.stop("gateway")
        chain.push.image("outside/cut", "1", image)
        chain.registry.kill()
        chain.registry.start()
        chain.query("update registry set address = %s where name = 'local'", (proxy.address,))
        chain.start("gateway")
        see(chain, "outside/cut", "1")
        chain.wait_image(image.digest, *READ)
        assert any(ranged for command, path, ranged in proxy.seen if image.layers[0].digest in path and command == "GET"), \
            "no range was asked for"
    finally:
        proxy.cut = None
        chain.query("update registry set address = %s where name = 'local'", (chain.registry.address,))


def test_a_name_that_is_not_there_ends(chain, proxy):
    see(chain, "outside/nothing", "1")
    wait_for(lambda: chain.value("select count(*) from run where repository = 'outside/nothing'"
                                 " and state in ('parked', 'ignored', 'done')"), "the run ends")
    assert all(p.is_running() for p in chain.processes.values())
