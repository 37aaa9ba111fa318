"""hostile: every file, as an image, as a layer and inside a layer, read under limits of memory and
time: no crash, no hang, no bug of ours; an inventory or a clean error. And at every reader, in one
process."""
import hashlib
import io
import json
import os
import resource
import subprocess
import tarfile
import tempfile

from golden import Reader, tree

MEMORY_BYTES = 3 << 30  # of address space: the largest database held whole, twice, and the code
SECONDS = 180           # a hang, not a measurement
CLEAN = {0: "an inventory", 3: "a clean error"}


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def inventory(build, reference):
    """What became of it: one of CLEAN's words, or what went wrong."""
    command = [os.path.join(build, "bin", "resole"), "inventory", reference, "-o", "json"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, timeout=SECONDS, preexec_fn=limit)
    except subprocess.TimeoutExpired:
        return "a hang of %d s" % SECONDS
    if done.returncode == 0:
        try:
            json.loads(done.stdout)
        except ValueError:
            return "exit 0 without JSON"
    if done.returncode == 3 and not done.stderr.strip():
        return "exit 3 without a word"
    return CLEAN.get(done.returncode, "exit %d: %s" % (done.returncode, done.stderr[-300:].decode(
        errors="replace")))


def blob(folder, data):
    digest = hashlib.sha256(data).hexdigest()
    path = os.path.join(folder, "blobs", "sha256", digest)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def media_type(data):
    base = "application/vnd.oci.image.layer.v1.tar"
    if data[:2] == b"\x1f\x8b":
        return base + "+gzip"
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return base + "+zstd"
    return base


def layout(folder, layer):
    """An OCI layout whose one layer is these bytes."""
    config = {"architecture": "amd64", "os": "linux", "config": {},
              "rootfs": {"type": "layers",
                         "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": dict(blob(folder, json.dumps(config).encode()),
                               mediaType="application/vnd.oci.image.config.v1+json"),
                "layers": [dict(blob(folder, layer), mediaType=media_type(layer))]}
    index = {"schemaVersion": 2, "manifests": [
        dict(blob(folder, json.dumps(manifest).encode()), mediaType=manifest["mediaType"])]}
    with open(os.path.join(folder, "index.json"), "w", encoding="utf-8") as file:
        json.dump(index, file)
    with open(os.path.join(folder, "oci-layout"), "w", encoding="utf-8") as file:
        file.write('{"imageLayoutVersion": "1.0.0"}')
    return folder


def wrapped(data, name):
    """A layer that holds the bytes where readers look: under its name, as a jar, as databases."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in ("app/" + name, "app/x.jar", "var/lib/rpm/Packages", "var/lib/dpkg/status",
                     "usr/bin/x"):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            member.mode = 0o755
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def run(folder, build, results):
    reader = Reader(build)
    for path, file in tree(folder):
        name = os.path.relpath(file, folder)
        if name in ("MANIFEST.tsv", "ALIASES.tsv") or "/goldens/" in "/" + name:
            continue
        with open(file, "rb") as source:
            data = source.read()
        came = {"image": inventory(build, file)}
        with tempfile.TemporaryDirectory(prefix="resole-hostile-") as scratch:
            came["layer"] = inventory(build, "oci:" + layout(os.path.join(scratch, "a"), data))
            came["inside"] = inventory(build, "oci:" + layout(
                os.path.join(scratch, "b"), wrapped(data, os.path.basename(file))))
        for way, what in came.items():
            wanted = CLEAN[0] if way == "inside" else what if what in CLEAN.values() else "clean"
            results.check(way, name, wanted, what)
        offered = [(place, file) for place in
                   ("app/x.jar", "var/lib/rpm/Packages", "var/lib/rpm/rpmdb.sqlite",
                    "var/lib/dpkg/status", "lib/apk/db/installed", "app/package.json",
                    "app/pnpm-lock.yaml", "app/Cargo.lock", "app/binary", "etc/os-release")]
        results.check("readers", name, True, reader.ask(offered) is not None)
