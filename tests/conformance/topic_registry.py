"""registry: manifests, layouts, archives, blobs, push events, whole images.

What is expected comes from the corpus' goldens where it states something, else from an independent
reading of the same bytes by Python's json, tarfile and the compressors' own programs."""
import bz2
import glob
import gzip
import hashlib
import io
import json
import lzma
import os
import re
import subprocess
import tarfile

import golden

DIGEST = re.compile("^sha256:[0-9a-f]{64}$")
ROOTFS = os.path.join("pkgdb", "debian-rootfs")
# Folder of the corpus → kind of registry in /v1/events.
KINDS = {"acr-eventgrid": "acr", "gar-gcr": "artifact-registry", "ghcr": "github"}


class Tool:
    def __init__(self, build, name):
        self.path = os.path.join(build, "tests", name)

    def __call__(self, *arguments):
        """(exit code, lines)"""
        run = subprocess.run([self.path, *arguments], capture_output=True, timeout=120)
        return run.returncode, run.stdout.decode("utf-8", "replace").splitlines()


def values(lines, key):
    return [line.split(" ", 1)[1] for line in lines if line.startswith(key + " ")]


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (ValueError, OSError, UnicodeDecodeError):
        return None


def inflate(data):
    """The plain bytes; None if damaged or empty of sense."""
    try:
        if data[:2] == b"\x1f\x8b":
            return gzip.decompress(data)
        if data[:3] == b"BZh":
            return bz2.decompress(data)
        if data[:6] == b"\xfd7zXZ\0":
            return lzma.decompress(data)
        if data[:4] == b"\x28\xb5\x2f\xfd":
            return subprocess.run(["zstd", "-dc"], input=data, capture_output=True,
                                  check=True).stdout
    except (OSError, EOFError, lzma.LZMAError, subprocess.CalledProcessError):
        return None
    return data


def normal(name):
    """The path as it stands in an inventory; None for one that leaves the layer."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return None if ".." in parts else "/".join(parts)


def entries(data):
    """Paths in a tar, whiteouts marked; None if it is none."""
    found = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                path = normal(member.name)
                if path is None or (member.islnk() and normal(member.linkname) is None):
                    continue
                folder, _, base = path.rpartition("/")
                if base == ".wh..wh..opq":
                    found.append(folder + " opaque")
                elif base.startswith(".wh..wh.") or base in (".wh.", ".wh..", ".wh..."):
                    continue
                elif base.startswith(".wh."):
                    found.append((folder + "/" if folder else "") + base[4:] + " whiteout")
                else:
                    found.append(path)
    except (tarfile.TarError, ValueError, UnicodeError):
        return None if not found else found
    return found


# ---- manifests ----

def has_digests(document):
    """Every descriptor well formed, as far as a reader must care."""
    def good(d):
        return isinstance(d, dict) and DIGEST.match(str(d.get("digest"))) and \
            isinstance(d.get("size"), int)
    return all(good(d) for key in ("layers", "manifests", "blobs") for d in document.get(key) or []) \
        and all(good(document[key]) for key in ("config", "subject") if document.get(key))


def check_manifests(folder, show, results):
    for path in sorted(glob.glob(os.path.join(folder, "manifests", "**", "*.json"), recursive=True)):
        document, case = load(path), os.path.relpath(path, folder)
        if not isinstance(document, dict):
            continue
        if "rootfs" in document or ("architecture" in document and "config" in document and
                                    "fsLayers" not in document):
            code, lines = show("--config", path)
            results.check("configs", case, document.get("rootfs", {}).get("diff_ids", []),
                          values(lines, "diff_id") if code == 0 else lines)
            continue
        code, lines = show("--manifest", path)
        if "fsLayers" in document:
            wanted = [layer["blobSum"] for layer in reversed(document["fsLayers"])]
            results.check("manifests", case, wanted, values(lines, "layer") if code == 0 else lines)
        elif not has_digests(document):
            results.check("manifests", case, 3, code)
        elif "manifests" in document:
            wanted = [child["digest"] for child in document["manifests"]]
            results.check("manifests", case, wanted, values(lines, "child") if code == 0 else lines)
        elif "layers" in document or "blobs" in document:
            wanted = [layer["digest"] for layer in document.get("layers") or document.get("blobs") or []]
            config = [document["config"]["digest"]] if document.get("config") else []
            results.check("manifests", case, (wanted, config),
                          (values(lines, "layer"), values(lines, "config")) if code == 0 else lines)
        else:
            results.check("manifests", case, 3, code)


def check_choices(folder, show, results):
    for root, name, cases in golden.files(folder):
        for number, item in enumerate(cases["cases"]):
            table = item["case"].get("matchedInstances") if isinstance(item["case"], dict) else None
            path = golden.locate(os.path.join(os.path.dirname(os.path.dirname(root)), "manifests",
                                              os.path.basename(root)), cases["dir"],
                                 item["fixture"])
            if not table or not path:
                continue
            for row in table:
                if len(row) != 3:
                    results.skip("choice by compression")
                    continue
                platform = "linux/" + row[0] + ("/" + row[1] if row[1] else "")
                _, lines = show("--manifest", path, platform)
                results.check("platforms", "%s/%s/%s" % (name, os.path.basename(path), platform),
                              row[2], (values(lines, "child") + [""])[0])


# ---- layouts ----

def layout_image(folder, digest, depth=0):
    """True: an image whose every blob is there and right; None: not for this runner to say."""
    data = blob(folder, digest)
    if data is None or depth > 4:
        return False
    try:
        manifest = json.loads(data)
    except ValueError:
        return False
    if sha256(data) != digest or not isinstance(manifest, dict):
        return False
    if manifest.get("manifests") is not None:
        children = manifest["manifests"]
        if not children:
            return False
        found = [layout_image(folder, child["digest"], depth + 1) for child in children]
        return all(found) if None not in found else None
    config = manifest.get("config") or {}
    if "image" not in config.get("mediaType", "") or not has_digests(manifest):
        return False
    config_data = blob(folder, config["digest"])
    if config_data is None or sha256(config_data) != config["digest"]:
        return False
    diff_ids = json.loads(config_data).get("rootfs", {}).get("diff_ids", [])
    if len(diff_ids) != len(manifest["layers"]):
        return False
    for layer, diff_id in zip(manifest["layers"], diff_ids):
        data = blob(folder, layer["digest"])
        plain = inflate(data) if data is not None else None
        if plain is None or sha256(data) != layer["digest"] or sha256(plain) != diff_id or \
                (plain and entries(plain) is None):
            return False
    return True


def blob(folder, digest):
    algorithm, _, name = digest.partition(":")
    try:
        with open(os.path.join(folder, "blobs", algorithm, name), "rb") as file:
            return file.read()
    except OSError:
        return None


def check_layouts(folder, show, results):
    for path in sorted(glob.glob(os.path.join(folder, "*", "**", "index.json"), recursive=True)):
        layout = os.path.dirname(path)
        case, index = os.path.relpath(layout, folder), load(path)
        if not isinstance(index, dict) or not isinstance(index.get("manifests"), list):
            code, _ = show("oci:" + layout, "all")
            results.check("layouts", case, 3, code)
            continue
        for child in index["manifests"]:
            digest = child.get("digest", "")
            whole = layout_image(layout, digest) if DIGEST.match(digest) else False
            code, lines = show("oci:%s@%s" % (layout, digest), "all")
            if whole is None:
                results.check("layouts", case + "/" + digest[7:19], True, code in (0, 3))
            else:
                results.check("layouts", case + "/" + digest[7:19], 0 if whole else 3,
                              code if (code == 0) == whole else lines)


# ---- archives ----

def archive_files(path):
    """Name → bytes of an archive, links followed; None if it is no tar."""
    found, links = {}, {}
    try:
        with tarfile.open(path, mode="r:*") as tar:
            for member in tar:
                name = normal(member.name)
                if name is None:
                    continue
                if member.isfile():
                    found[name] = tar.extractfile(member).read()
                elif member.issym():
                    links[name] = os.path.normpath(os.path.join(os.path.dirname(name),
                                                                member.linkname))
                elif member.islnk():
                    links[name] = normal(member.linkname)
    except (tarfile.TarError, EOFError, OSError):
        return None
    for name, target in links.items():
        if target in found:
            found[name] = found[target]
    return found


def check_archive(case, path, files, show, results):
    """Each image that manifest.json names: its config's digest and the layers' diff_ids."""
    try:
        manifest = json.loads(files["manifest.json"])
    except ValueError:
        manifest = None
    if not isinstance(manifest, list):
        results.check("docker-archives", case, 3, show("docker-archive:" + path)[0])
        return
    for number, item in enumerate(manifest):
        tags = item.get("RepoTags") or [""]
        config = files.get(normal(item.get("Config", "")) or "")
        layers = [files.get(normal(name)) for name in item.get("Layers") or []]
        selector = ":" + tags[0] if len(manifest) > 1 else ""
        if len(manifest) > 1 and not tags[0]:
            continue
        code, lines = show("docker-archive:" + path + selector)
        whole = config is not None and None not in layers
        diff_ids = json.loads(config).get("rootfs", {}).get("diff_ids", []) if whole else []
        plain = [inflate(layer) for layer in layers] if whole else []
        whole = whole and [sha256(p) for p in plain] == diff_ids and \
            all(entries(p) is not None for p in plain if p)
        came = [line.split()[3] for line in lines if line.startswith("image ")] + \
            [value.split()[1] for value in values(lines, "layer")]
        results.check("docker-archives", "%s/%d" % (case, number),
                      [sha256(config)] + diff_ids if whole else 3, came if code == 0 else code)


def check_listing(case, path, listing, show, results):
    """A golden beside the archive: [{config_digest, tags, layers: [{layer_id}]}]."""
    for image in listing:
        if not isinstance(image, dict) or not image.get("layers") or not image.get("config_digest"):
            continue
        tag = ":" + image["tags"][0] if image.get("tags") else ""
        _, lines = show("docker-archive:" + path + tag)
        wanted = [image["config_digest"]] + ["sha256:" + layer["layer_id"].replace("sha256:", "")
                                             for layer in image["layers"]]
        came = [line.split()[3] for line in lines if line.startswith("image ")] + \
            values(lines, "claims")  # some listings name images whose layers were left out
        results.check("listings", case + tag, wanted, came)


def check_tar(case, path, show, results):
    """No image: refused as one; as a layer its entries come as tarfile sees them."""
    with open(path, "rb") as file:
        data = inflate(file.read())
    wanted = entries(data) if data is not None else None
    code, lines = show("--layer", path)
    if wanted is None:
        results.check("layers", case, 3, code)
        return
    came = [value.split(" ", 1)[1] if " " in value else "" for value in values(lines, "entry")]
    results.check("layers", case, wanted, came if code == 0 else lines)
    results.check("no-images", case, 3, show(path)[0])


def check_archives(folder, show, results):
    top = os.path.join(folder, "docker-archives")
    for path in sorted(glob.glob(os.path.join(top, "**", "*"), recursive=True)):
        if not re.search(r"\.(tar|tar\.gz|tgz|layer)$", path):
            continue
        case, files = os.path.relpath(path, top), archive_files(path)
        for suffix in (".expected.json", "-relative-expected.json",
                       "-inventory-from-tarball-expected.json"):
            listing = load(path + suffix)
            if isinstance(listing, list):
                check_listing(case, path, listing, show, results)
        if files and "manifest.json" in files:
            check_archive(case, path, files, show, results)
        elif files is not None and "index.json" not in files:
            check_tar(case, path, show, results)


def check_blobs(folder, show, results):
    for path in sorted(glob.glob(os.path.join(folder, "compressed-blobs", "**", "*"),
                                 recursive=True)):
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            data = file.read()
        plain = inflate(data)
        code, lines = show("--blob", path)
        wanted = 3 if plain is None else [sha256(data), sha256(plain)]
        results.check("compressed-blobs", os.path.basename(path), wanted,
                      values(lines, "blob")[0].split()[:2] if code == 0 else code)


# ---- push events ----

def check_events(folder, build, results):
    show = Tool(build, "event_show")
    for path in sorted(glob.glob(os.path.join(folder, "webhooks", "*", "*.json"))):
        kind = os.path.basename(os.path.dirname(path))
        headers = path[:-5] + ".headers"
        code, lines = show(KINDS.get(kind, kind), path, *([headers] * os.path.exists(headers)))
        # An event or the reason why there is none: nothing silent, nothing refused.
        results.check("webhooks", os.path.relpath(path, folder), (0, True), (code, bool(lines)))


# ---- whole images ----

def inventory(build, name):
    run = subprocess.run([os.path.join(build, "bin", "resole"), "inventory", name, "-o", "json"],
                         capture_output=True, timeout=300)
    return json.loads(run.stdout) if run.returncode == 0 else None


def check_images(folder, build, results):
    for path in sorted(glob.glob(os.path.join(folder, "built-images", "*", "expected.json"))):
        top, expected = os.path.dirname(path), load(path)
        half = os.path.join(os.path.dirname(folder), ROOTFS)
        lists = {}
        for which, release in expected.get("inventories", {}).items():
            golden_list = load(os.path.join(half, release, "expected.json"))
            if golden_list:
                lists[which] = sorted((p["name"], p["version"], p["arch"])
                                      for p in golden_list["dpkg"] if p["status"] == "installed")
        names = sorted(glob.glob(os.path.join(top, "*.tar*"))) + \
            sorted(os.path.dirname(p) for p in glob.glob(os.path.join(top, "*", "oci-layout")))
        seen = {}
        for name in names:
            tags = [""]
            index = load(os.path.join(name, "index.json"))
            if index and len(index["manifests"]) > 1:
                tags = [m["annotations"]["org.opencontainers.image.ref.name"]
                        for m in index["manifests"]]
            for tag in tags:
                case = os.path.relpath(name, folder) + (":" + tag if tag else "")
                result = inventory(build, name + (":" + tag if tag else ""))
                if result is None:
                    results.fail("built-images", case, "an inventory", "none")
                    continue
                debs = sorted((p["name"], re.sub("^0:", "", p["version"]), p["arch"])
                              for p in result["packages"] if p["type"] == "deb")
                which = "base" if "base inventory only" in expected["tags"].get(tag, "") else "top"
                if which in lists:
                    results.check("built-images", case, lists[which], debs)
                if not tag or tag == max(expected["tags"]):
                    seen[case] = [(p["purl"], p["tier"], p["layer"], p["paths"])
                                  for p in result["packages"]]
        for case in sorted(seen)[1:]:
            results.check("same-from-every-source", case, True,
                          seen[case] == seen[sorted(seen)[0]])


def run(folder, build, results):
    show = Tool(build, "image_show")
    check_manifests(folder, show, results)
    check_choices(folder, show, results)
    check_layouts(folder, show, results)
    check_archives(folder, show, results)
    check_blobs(folder, show, results)
    check_events(folder, build, results)
    check_images(folder, build, results)
