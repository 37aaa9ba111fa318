"""docker: and podman: images, by the API that both serve on a local socket (answers as recorded)."""

import hashlib
import http.server
import io
import json
import os
import socketserver
import subprocess
import tarfile
import threading
import urllib.parse

import pytest


def archive(tag):
    """What GET /images/get answers for one image of one layer; its diff_id."""
    def tar_of(files):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        return out.getvalue()

    layer = tar_of({"etc/hello": b"hello"})
    diff_id = "sha256:" + hashlib.sha256(layer).hexdigest()
    config = json.dumps({"os": "linux", "architecture": "amd64", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": [diff_id]}}).encode()
    name = hashlib.sha256(config).hexdigest()
    manifest = [{"Config": name + ".json", "RepoTags": [tag], "Layers": ["1/layer.tar"]}]
    return tar_of({"1/layer.tar": layer, name + ".json": config,
                   "manifest.json": json.dumps(manifest).encode()}), diff_id


@pytest.fixture
def daemon(place, tmp_path):
    data, diff_id = archive("debian:12")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def address_string(self):
            return "socket"

        def do_GET(self):
            query = urllib.parse.urlsplit(self.path)
            names = urllib.parse.parse_qs(query.query).get("names")
            found = query.path.endswith("/images/get") and names == ["docker.io/library/debian:12"]
            self.send_response(200 if found else 404)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            body = data if found else b'{"message":"reference does not exist"}'
            for at in range(0, len(body), 3000):
                part = body[at:at + 3000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_):
            pass

    path = os.path.join(place, "daemon.sock")
    if os.path.exists(path):
        os.unlink(path)
    server = socketserver.ThreadingUnixStreamServer(path, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield path, diff_id
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("transport,variable", [("docker", "DOCKER_HOST"), ("podman", "CONTAINER_HOST")])
def test_an_image_of_the_local_daemon(build, daemon, transport, variable):
    path, diff_id = daemon

    def show(name, socket):
        return subprocess.run([os.path.join(build, "tests", "image_show"), f"{transport}:{name}"], capture_output=True,
                              text=True, env={"PATH": os.environ["PATH"], variable: "unix://" + socket}, timeout=120)

    done = show("debian:12", path)
    assert done.returncode == 0, done.stdout
    assert f"claims {diff_id}" in done.stdout and " entries 1 " in done.stdout
    assert "no such image" in show("debian:13", path).stdout
    assert "no socket" in show("debian:12", path + ".none").stdout
