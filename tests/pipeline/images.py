"""Images made of dicts: {path: bytes | str | Dir | Link | Hard | Gone}; pushed over plain HTTP."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass

import requests

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass
class Dir:
    mode: int = 0o755


@dataclass
class Link:
    to: str


@dataclass
class Hard:
    to: str


class Gone:
    """A whiteout."""


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def compact(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def tar_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, what in files.items():
            folder, name = os.path.split(path)
            if isinstance(what, Gone) or what is Gone:
                info, data = tarfile.TarInfo(os.path.join(folder, ".wh." + name)), b""
            else:
                info, data = tarfile.TarInfo(path), b""
            info.mtime = 1_700_000_000
            if isinstance(what, Dir):
                info.type, info.mode = tarfile.DIRTYPE, what.mode
            elif isinstance(what, Link):
                info.type, info.linkname = tarfile.SYMTYPE, what.to
            elif isinstance(what, Hard):
                info.type, info.linkname = tarfile.LNKTYPE, what.to
            elif isinstance(what, (bytes, str)):
                data = what.encode() if isinstance(what, str) else what
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@dataclass
class Layer:
    blob: bytes
    digest: str
    diff_id: str
    media_type: str = LAYER


def layer_of(files):
    plain = tar_of(files)
    blob = gzip.compress(plain, 6, mtime=0)
    return Layer(blob, digest_of(blob), digest_of(plain))


@dataclass
class Image:
    manifest: bytes
    config: bytes
    layers: list
    media_type: str = MANIFEST

    @property
    def digest(self):
        return digest_of(self.manifest)

    def blobs(self):
        return [(digest_of(self.config), self.config)] + [(l.digest, l.blob) for l in self.layers]


def image_of(layers, architecture="amd64", variant=None, config=None, diff_ids=None, annotations=None):
    """layers: Layer objects or dicts of files. diff_ids: what the config shall claim instead."""
    layers = [l if isinstance(l, Layer) else layer_of(l) for l in layers]
    document = {
        "architecture": architecture, "os": "linux", "config": config or {"Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids or [l.diff_id for l in layers]},
        "history": [{"created_by": f"layer {i}"} for i in range(len(layers))],
    }
    if variant:
        document["variant"] = variant
    config_bytes = compact(document)
    manifest = {
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest_of(config_bytes), "size": len(config_bytes)},
        "layers": [{"mediaType": l.media_type, "digest": l.digest, "size": len(l.blob)} for l in layers],
    }
    if annotations:
        manifest["annotations"] = annotations
    return Image(compact(manifest), config_bytes, layers)


def index_of(images):
    """images: {"linux/amd64": Image, …}"""
    manifests = []
    for platform, image in images.items():
        os_name, architecture, *variant = platform.split("/")
        where = {"os": os_name, "architecture": architecture}
        if variant:
            where["variant"] = variant[0]
        manifests.append({"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest),
                          "platform": where})
    return compact({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})


class Pusher:
    """A registry, as a client pushes to it."""

    def __init__(self, address):
        self.base = f"http://{address}/v2"
        self.session = requests.Session()

    def has(self, repository, digest):
        return self.session.head(f"{self.base}/{repository}/blobs/{digest}", timeout=60).status_code == 200

    def blob(self, repository, digest, data):
        if self.has(repository, digest):
            return
        begun = self.session.post(f"{self.base}/{repository}/blobs/uploads/", timeout=60)
        assert begun.status_code == 202, begun.text
        where = begun.headers["Location"]
        done = self.session.put(where + ("&" if "?" in where else "?") + f"digest={digest}", data=data,
                                headers={"Content-Type": "application/octet-stream"}, timeout=120)
        assert done.status_code == 201, done.text

    def manifest(self, repository, reference, data, media_type):
        done = self.session.put(f"{self.base}/{repository}/manifests/{reference}", data=data,
                                headers={"Content-Type": media_type}, timeout=60)
        assert done.status_code == 201, done.text
        return digest_of(data)

    def image(self, repository, tag, image):
        for digest, data in image.blobs():
            self.blob(repository, digest, data)
        return self.manifest(repository, tag or image.digest, image.manifest, image.media_type)

    def index(self, repository, tag, images):
        for image in images.values():
            self.image(repository, None, image)
        return self.manifest(repository, tag, index_of(images), INDEX)

    def get(self, repository, reference):
        """(digest, manifest as dict) or None."""
        found = self.session.get(f"{self.base}/{repository}/manifests/{reference}",
                                 headers={"Accept": ", ".join((MANIFEST, INDEX))}, timeout=60)
        if found.status_code == 404:
            return None
        assert found.status_code == 200, found.text
        return digest_of(found.content), json.loads(found.content)

    def tags(self, repository):
        found = self.session.get(f"{self.base}/{repository}/tags/list", timeout=60)
        return (found.json().get("tags") or []) if found.status_code == 200 else []


OS_RELEASE = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
"""


def dpkg_paragraph(name, version, source=None, architecture="amd64", depends=None):
    lines = [f"Package: {name}", "Status: install ok installed", "Priority: optional", "Section: libs",
             "Maintainer: Nobody <nobody@example.org>", f"Architecture: {architecture}"]
    if source:
        lines.append(f"Source: {source}")
    lines.append(f"Version: {version}")
    if depends:
        lines.append(f"Depends: {depends}")
    lines.append(f"Description: {name} for tests")
    return "\n".join(lines) + "\n"


def debian_files(packages, salt="", architecture="amd64"):
    """A small Debian root: packages as {name: version} or {name: (version, source)}."""
    files = {"etc": Dir(), "etc/os-release": OS_RELEASE, "var": Dir(), "var/lib": Dir(), "var/lib/dpkg": Dir(),
             "var/lib/dpkg/info": Dir()}
    paragraphs = []
    for name, version in packages.items():
        version, source = version if isinstance(version, tuple) else (version, None)
        paragraphs.append(dpkg_paragraph(name, version, source, architecture))
        path = f"usr/share/doc/{name}/copyright"
        files[path] = f"{name} {version} {salt}\n"
        files[f"var/lib/dpkg/info/{name}.list"] = f"/.\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/{name}\n/{path}\n"
        digest = hashlib.md5(files[path].encode()).hexdigest()
        files[f"var/lib/dpkg/info/{name}.md5sums"] = f"{digest}  {path}\n"
    files["var/lib/dpkg/status"] = "\n".join(paragraphs) + "\n"
    return files


def jar_of(group, artifact, version):
    import zipfile
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as jar:
        for name, text in (
                ("META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\nImplementation-Version: {version}\n"),
                (f"META-INF/maven/{group}/{artifact}/pom.properties",
                 f"groupId={group}\nartifactId={artifact}\nversion={version}\n")):
            jar.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text)
    return out.getvalue()
