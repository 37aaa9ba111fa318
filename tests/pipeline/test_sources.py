"""Every way that an image is kept or reached gives the same packages: compressions, generations of docker-archive,
indexes in indexes, a private CA, a daemon's socket. One small image, stored by the test as each tool stores it."""

import bz2
import gzip
import http.server
import io
import json
import lzma
import os
import socket
import socketserver
import ssl
import subprocess
import tarfile
import threading
import urllib.parse

import pytest

from images import INDEX, MANIFEST, Image, Layer, compact, debian_files, digest_of, image_of, layer_of, tar_of

pytestmark = pytest.mark.program("resole", "resole-reader")

LOWER = debian_files({"libc6": ("2.36-9", "glibc"), "tzdata": "2024a-0"})
UPPER = {**debian_files({"libc6": ("2.36-9", "glibc"), "tzdata": "2024a-0", "curl": "7.88.1-10"}),
         "app/node_modules/a/package.json": '{"name": "a", "version": "1.0.0"}'}
WANTED = ["a 1.0.0", "curl 7.88.1-10", "libc6 2.36-9", "tzdata 2024a-0"]
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def run(build, *arguments, code=0, **environment):
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", **environment}
    done = subprocess.run([os.path.join(build, "bin/resole"), "inventory", *map(str, arguments)], capture_output=True,
                          text=True, timeout=240, env=env, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == code, (done.returncode, done.stderr)
    return json.loads(done.stdout) if code == 0 and "json" in arguments else done.stderr


def names(build, *arguments, **environment):
    said = run(build, *arguments, "-o", "json", **environment)
    return sorted(f"{p['name']} {p['version']}" for p in said["packages"]), said


def stored(image, place, extra=(), entries=None):
    """An OCI layout that holds the image and more blobs."""
    os.makedirs(place / "blobs/sha256")
    for data in [image.manifest, image.config, *(l.blob for l in image.layers), *extra]:
        (place / "blobs/sha256" / digest_of(data)[7:]).write_bytes(data)
    (place / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    entries = entries or [{"mediaType": MANIFEST, "digest": image.digest, "size": len(image.manifest),
                           "annotations": {"org.opencontainers.image.ref.name": "one"}}]
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    return place


@pytest.mark.parametrize("suffix,pack", [("", bytes), ("+gzip", gzip.compress), ("+zstd", zstd), ("+gzip", bz2.compress),
                                         ("+gzip", lzma.compress), ("", gzip.compress), ("+zstd", gzip.compress)],
                         ids=["plain", "gzip", "zstd", "bzip2", "xz", "gzip-called-plain", "gzip-called-zstd"])
def test_a_layer_is_told_by_its_bytes(build, tmp_path, suffix, pack):
    layers = []
    for files in (LOWER, UPPER):
        plain = tar_of(files)
        blob = pack(plain)
        layers.append(Layer(blob, digest_of(blob), digest_of(plain), OCI_LAYER + suffix))
    found, said = names(build, f"oci:{stored(image_of(layers), tmp_path / 'oci')}")
    assert found == WANTED and said["complete"] and said["warnings"] == []


def test_members_and_frames_in_a_row(build, tmp_path):
    """Some builders write a layer as several gzip members or zstd frames."""
    layers = []
    for pack in (gzip.compress, zstd):
        plain = tar_of(UPPER)
        blob = b"".join(pack(plain[at:at + 1000]) for at in range(0, len(plain), 1000))
        layers.append(Layer(blob, digest_of(blob), digest_of(plain)))
    assert names(build, f"oci:{stored(image_of(layers), tmp_path / 'oci')}")[0] == WANTED


def test_an_image_without_layers_and_one_with_an_empty_layer(build, tmp_path):
    found, said = names(build, f"oci:{stored(image_of([]), tmp_path / 'none')}")
    assert found == [] and said["image"]["layers"] == []
    empty = bytes(1024)  # what a build step without a change gives
    blob = gzip.compress(empty, mtime=0)
    layers = [layer_of(UPPER), Layer(blob, digest_of(blob), digest_of(empty))]
    found, said = names(build, f"oci:{stored(image_of(layers), tmp_path / 'empty')}")
    assert found == WANTED and said["complete"]


def test_a_squashed_image_holds_the_same(build, tmp_path):
    found, said = names(build, f"oci:{stored(image_of([{**LOWER, **UPPER}]), tmp_path / 'oci')}")
    assert found == WANTED and len(said["image"]["layers"]) == 1


def test_a_foreign_layer_that_is_not_there_is_told(build, tmp_path):
    away = layer_of({"Windows/x": "1"})
    away.media_type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    image = image_of([away, layer_of(UPPER)])
    document = json.loads(image.manifest)
    document["layers"][0]["urls"] = ["http://127.0.0.1:1/never-asked"]
    image = Image(compact(document), image.config, image.layers)
    place = stored(image, tmp_path / "oci")
    assert names(build, f"oci:{place}")[0] == WANTED  # there all the same: read like any other
    os.unlink(place / "blobs/sha256" / away.digest[7:])
    found, said = names(build, f"oci:{place}")
    assert found == WANTED and not said["complete"]
    assert len(said["warnings"]) == 1 and said["warnings"][0]["layer"] == 0


def test_an_ordinary_layer_that_is_not_there_is_an_error(build, tmp_path):
    image = image_of([LOWER, UPPER])
    place = stored(image, tmp_path / "oci")
    os.unlink(place / "blobs/sha256" / image.layers[0].digest[7:])
    assert image.layers[0].digest[7:19] in run(build, f"oci:{place}", code=3)


def descriptor(data, kind, **more):
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data), **more}


def test_an_index_in_an_index(build, tmp_path):
    mine = image_of([LOWER, UPPER])
    other = image_of([debian_files({"other": "1"})], architecture="arm64")
    inner = compact({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        descriptor(other.manifest, MANIFEST, platform={"os": "linux", "architecture": "arm64", "variant": "v8"}),
        descriptor(mine.manifest, MANIFEST, platform={"os": "linux", "architecture": "amd64"})]})
    outer = compact({"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(inner, INDEX)]})
    place = stored(mine, tmp_path / "oci", [other.manifest, other.config, *(l.blob for l in other.layers), inner, outer],
                   [descriptor(outer, INDEX, annotations={"org.opencontainers.image.ref.name": "all"})])
    found, said = names(build, f"oci:{place}:all", "--platform", "linux/amd64")
    assert found == WANTED and said["image"]["manifest_digest"] == mine.digest
    assert names(build, f"oci:{place}:all", "--platform", "linux/arm64")[0] == ["other 1"]
    assert "linux/s390x" in run(build, f"oci:{place}:all", "--platform", "linux/s390x", code=3)


def test_indexes_that_never_end_are_refused(build, tmp_path):
    image = image_of([UPPER])
    data, extra = image.manifest, []
    for _ in range(40):
        data = compact({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            descriptor(data, INDEX if extra else MANIFEST, platform={"os": "linux", "architecture": "amd64"})]})
        extra.append(data)
    place = stored(image, tmp_path / "oci", extra, [descriptor(data, INDEX)])
    assert "deep" in run(build, f"oci:{place}", code=3)


# ---- docker-archive ----


def archive(path, members, links=()):
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for name, to in dict(links).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, to
            tar.addfile(info)
    return path


def config_of(plains, **more):
    return compact({"os": "linux", "architecture": "amd64", "config": {},
                    "rootfs": {"type": "layers", "diff_ids": [digest_of(p) for p in plains]}, **more})


def first_generation(path):
    """Docker before 1.10: no manifest.json, a chain of ID/json."""
    lower, upper = "1" * 64, "2" * 64
    common = {"created": "2015-06-01T00:00:00Z", "os": "linux", "architecture": "amd64"}
    return archive(path, {
        f"{upper}/json": compact({"id": upper, "parent": lower, **common}), f"{upper}/layer.tar": tar_of(UPPER),
        f"{upper}/VERSION": b"1.0", f"{lower}/json": compact({"id": lower, **common}), f"{lower}/layer.tar": tar_of(LOWER),
        f"{lower}/VERSION": b"1.0", "repositories": compact({"shop": {"1": upper}})})


def second_generation(path):
    """Docker 1.10 to 24: manifest.json beside the chain."""
    plains, config = [tar_of(LOWER), tar_of(UPPER)], config_of([tar_of(LOWER), tar_of(UPPER)])
    name = digest_of(config)[7:] + ".json"
    return archive(path, {"a/layer.tar": plains[0], "b/layer.tar": plains[1], name: config, "repositories": b"{}",
                          "manifest.json": compact([{"Config": name, "RepoTags": ["shop:1"],
                                                     "Layers": ["a/layer.tar", "b/layer.tar"]}])})


def shared_layer(path):
    """The same layer twice is a link to the first: "../ID/layer.tar"."""
    plains = [tar_of(UPPER), tar_of(UPPER)]
    config = config_of(plains)
    return archive(path, {"a/layer.tar": plains[0], "c.json": config, "manifest.json": compact(
        [{"Config": "c.json", "RepoTags": None, "Layers": ["a/layer.tar", "b/layer.tar"]}])},
        {"b/layer.tar": "../a/layer.tar"})


def podman(path):
    """podman and skopeo: DIGEST.tar and DIGEST.json."""
    plains = [tar_of(LOWER), tar_of(UPPER)]
    config = config_of(plains)
    layers = [digest_of(p)[7:] + ".tar" for p in plains]
    name = digest_of(config)[7:] + ".json"
    return archive(path, {**dict(zip(layers, plains)), name: config, "manifest.json": compact(
        [{"Config": name, "RepoTags": ["localhost/shop:1"], "Layers": layers}])})


def kaniko(path):
    """kaniko and ko: the registry's own gzip blobs, named by their digests."""
    plains = [tar_of(LOWER), tar_of(UPPER)]
    blobs = [gzip.compress(p, mtime=0) for p in plains]
    config = config_of(plains)
    layers = [digest_of(b)[7:] + ".tar.gz" for b in blobs]
    return archive(path, {digest_of(config): config, **dict(zip(layers, blobs)), "manifest.json": compact(
        [{"Config": digest_of(config), "RepoTags": ["shop:1"], "Layers": layers}])})


def with_layout(path):
    """Docker 25 and later: an OCI layout in the archive, manifest.json beside it."""
    image = image_of([Layer(tar_of(f), digest_of(tar_of(f)), digest_of(tar_of(f)), OCI_LAYER) for f in (LOWER, UPPER)])
    blobs = {f"blobs/sha256/{digest_of(d)[7:]}": d for d in [image.manifest, image.config, *(l.blob for l in image.layers)]}
    return archive(path, {**blobs, "oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": compact(
        {"schemaVersion": 2, "manifests": [descriptor(image.manifest, MANIFEST)]}), "manifest.json": compact(
            [{"Config": "blobs/sha256/" + digest_of(image.config)[7:], "RepoTags": ["shop:1"],
              "Layers": [f"blobs/sha256/{l.digest[7:]}" for l in image.layers]}])})


def dotted(path):
    """Names as some tar writers give them: "./manifest.json"."""
    plains = [tar_of(LOWER), tar_of(UPPER)]
    config = config_of(plains)
    return archive(path, {"./c.json": config, "./1.tar": plains[0], "./2.tar": plains[1], "./manifest.json": compact(
        [{"Config": "c.json", "RepoTags": ["shop:1"], "Layers": ["1.tar", "2.tar"]}])})


GENERATIONS = [first_generation, second_generation, shared_layer, podman, kaniko, with_layout, dotted]


@pytest.mark.parametrize("make", GENERATIONS, ids=lambda f: f.__name__)
def test_generations_of_docker_archive(build, tmp_path, make):
    path = make(tmp_path / "image.tar")
    found, said = names(build, f"docker-archive:{path}")
    assert found == WANTED and said["complete"]
    assert names(build, path)[0] == WANTED  # a bare path is recognised
    packed = tmp_path / "image.tar.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert names(build, f"docker-archive:{packed}")[0] == WANTED
    with open(path, "rb") as file:
        done = subprocess.run([os.path.join(build, "bin/resole"), "inventory", "-", "-o", "json"], stdin=file,
                              capture_output=True, timeout=240, check=True)
    assert sorted(f"{p['name']} {p['version']}" for p in json.loads(done.stdout)["packages"]) == WANTED


def test_several_images_in_an_archive_want_a_name(build, tmp_path):
    one, two = tar_of(UPPER), tar_of(debian_files({"other": "1"}))
    path = archive(tmp_path / "two.tar", {
        "1.tar": one, "2.tar": two, "1.json": config_of([one]), "2.json": config_of([two]), "manifest.json": compact([
            {"Config": "1.json", "RepoTags": ["shop:1", "shop:latest"], "Layers": ["1.tar"]},
            {"Config": "2.json", "RepoTags": ["example.org/other:2"], "Layers": ["2.tar"]}])})
    assert "shop:1" in run(build, f"docker-archive:{path}", code=3)
    assert names(build, f"docker-archive:{path}:shop:1")[0] == WANTED
    assert names(build, f"docker-archive:{path}:example.org/other:2")[0] == ["other 1"]


# ---- a registry behind a private CA ----


class Handlers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers, seen = {}, []

    def address_string(self):
        return "test"

    def answer(self):
        path = urllib.parse.urlsplit(self.path).path
        self.seen.append(self.path)
        kind, body = self.answers.get(path, ("application/json", None))
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Type", kind)
        body = body if body is not None else b'{"message": "No such image"}'
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = answer

    def log_message(self, *_):
        pass


def served(server_class, address, answers):
    handler = type("Handler", (Handlers,), {"answers": answers, "seen": []})
    server = server_class(address, handler)
    server.seen = handler.seen
    return server


def begin(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def answers_of(image, repository, tags):
    found = {f"/v2/{repository}/blobs/{digest}": ("application/octet-stream", data) for digest, data in image.blobs()}
    for name in (*tags, image.digest):
        found[f"/v2/{repository}/manifests/{name}"] = (MANIFEST, image.manifest)
    return found


def address_of_this_machine():
    """Not the loopback one, which is spoken to in plain HTTP. No packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but the loopback one")
        return probe.getsockname()[0]


@pytest.fixture
def secure(tmp_path):
    """A registry on https with a certificate that no system trusts, and the CA's file."""
    address = address_of_this_machine()
    image = image_of([LOWER, UPPER])
    certificate, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
                    f"subjectAltName=IP:{address}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server = served(http.server.ThreadingHTTPServer, (address, 0), answers_of(image, "team/shop", ["1"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    begin(server)
    yield f"{address}:{server.server_address[1]}/team/shop", certificate, image
    server.shutdown()
    server.server_close()


def test_a_ca_of_one_s_own(build, secure):
    where, certificate, _ = secure
    assert "certificate" in run(build, f"{where}:1", code=4).lower()
    assert names(build, f"{where}:1", RESOLE_CA_FILE=str(certificate))[0] == WANTED


def test_a_tag_with_a_digest_is_the_digest(build, secure):
    where, certificate, image = secure
    for tag in (":1", ":moved-away", ""):
        found, said = names(build, f"{where}{tag}@{image.digest}", RESOLE_CA_FILE=str(certificate))
        assert found == WANTED and said["image"]["manifest_digest"] == image.digest
    run(build, f"{where}:1@sha256:{'0' * 64}", code=3, RESOLE_CA_FILE=str(certificate))


# ---- a daemon's socket ----


@pytest.mark.parametrize("make", [second_generation, podman, with_layout], ids=lambda f: f.__name__)
@pytest.mark.parametrize("transport,setting", [("docker", "RESOLE_DOCKER_SOCKET"), ("podman", "RESOLE_PODMAN_SOCKET")])
def test_images_of_a_daemon(build, place, tmp_path, make, transport, setting):
    path = os.path.join(place, f"sources-{os.getpid()}.sock")
    data = make(tmp_path / "image.tar").read_bytes()
    server = begin(served(socketserver.ThreadingUnixStreamServer, path, {"/v1.40/images/get": ("application/x-tar", data)}))
    try:
        found, said = names(build, f"{transport}:shop:1", **{setting: path})
        assert found == WANTED and said["complete"]
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(server.seen[0]).query)
        assert asked == {"names": ["docker.io/library/shop:1"]}
    finally:
        server.shutdown()
        server.server_close()
        os.unlink(path)
    assert "no socket" in run(build, f"{transport}:shop:1", code=3, **{setting: path})
