"""What the benches share: images made from the machine's own distribution, measured runs, tables.

A bench takes RESOLE_BUILD_DIR, and RESOLE_BENCH_DIR for the images it makes (kept there: making one
takes minutes). Runs are cold: the page cache is dropped before each where the bench may do that."""
import gzip
import hashlib
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("RESOLE_BUILD_DIR", os.path.join(ROOT, "build"))
PLACE = os.environ.get("RESOLE_BENCH_DIR", os.path.join(os.path.expanduser("~"), ".cache", "resole-bench"))
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def program(name):
    for folder in ("bin", "tests"):
        path = os.path.join(BUILD, folder, name)
        if os.path.exists(path):
            return path
    sys.exit(f"{name} is not built in {BUILD} (RESOLE_BUILD_DIR)")


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, check=False, **more)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr.decode(errors='replace')[-3000:]}")
    return done.stdout


# Runs ------------------------------------------------------------------------------------------------

def drop_caches():
    """False where this process may not."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
            file.write("3\n")
        return True
    except OSError:
        return False


def tree_peaks(pid, peaks, stop):
    """The highest VmHWM of the process and of each of its children, by program."""
    while not stop.is_set():
        waiting = [pid]
        while waiting:
            one = waiting.pop()
            try:
                with open(f"/proc/{one}/status", encoding="ascii") as file:
                    status = file.read()
                with open(f"/proc/{one}/task/{one}/children", encoding="ascii") as file:
                    waiting += [int(child) for child in file.read().split()]
            except (OSError, ValueError):
                continue
            name, peak = re.search(r"^Name:\s*(\S+)", status, re.M)[1], re.search(r"^VmHWM:\s*(\d+)", status, re.M)
            if peak:
                peaks[name] = max(peaks.get(name, 0), int(peak[1]))
        stop.wait(0.005)


def measure(*command, cold=True, env=None):
    """{wall, cpu (s), peaks (KiB by program)} of one run, children included."""
    if cold:
        drop_caches()
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        peaks, stop = {}, threading.Event()
        watcher = threading.Thread(target=tree_peaks, args=(process.pid, peaks, stop))
        watcher.start()
        out, complaint = process.communicate()
        wall = time.monotonic() - began
        stop.set()
        watcher.join()
        if process.returncode != 0:
            sys.exit(f"{command}: {complaint.decode(errors='replace')[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall": wall, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "peaks": peaks, "out": out}


def median(runs, what):
    return statistics.median(one[what] for one in runs)


def table(heads, rows):
    widths = [max(len(str(row[i])) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        print("  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))))
    print()


# Images ----------------------------------------------------------------------------------------------

def deb_lines():
    """The machine's own release as its apt is configured: codename, deb lines."""
    with open("/etc/os-release", encoding="utf-8") as file:
        codename = re.search(r"^VERSION_CODENAME=(\S+)", file.read(), re.M)[1]
    lines = []
    for entry in run("apt-get", "indextargets", "--format",
                     "$(SITE) $(RELEASE) $(COMPONENT) $(CREATED_BY)").decode().splitlines():
        site, suite, component, made = entry.split(" ", 3)
        line = f"deb {site} {suite} {component}"
        if made == "Packages" and suite.split("-")[0] == codename and component == "main" and line not in lines:
            lines.append(line)
    return codename, lines


def files_below(root):
    """path → what would show a change."""
    out = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            directory = os.path.isdir(path) and not os.path.islink(path)
            out[os.path.relpath(path, root)] = (info.st_mode, info.st_uid, info.st_gid, 0 if directory else info.st_size,
                                                0 if directory else info.st_ctime_ns)
    return out


def tar_of(root, paths):
    listing = "\0".join(sorted(paths)).encode()
    return run("tar", "-C", root, "--null", "--no-recursion", "--sort=name", "--numeric-owner", "-cf", "-", "-T", "-",
               input=listing)


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def write_blob(place, data):
    name = digest_of(data)
    with open(os.path.join(place, "blobs/sha256", name[7:]), "wb") as file:
        file.write(data)
    return {"digest": name, "size": len(data)}


def write_layout(place, images):
    """images: tag → list of plain tars."""
    os.makedirs(os.path.join(place, "blobs/sha256"), exist_ok=True)
    done, manifests = {}, []
    for tag, tars in images.items():
        layers = []
        for tar in tars:
            diff_id = digest_of(tar)
            if diff_id not in done:
                done[diff_id] = {"mediaType": LAYER, **write_blob(place, gzip.compress(tar, 6, mtime=0))}
            layers.append(done[diff_id])
        config = write_blob(place, json.dumps({
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
            "history": [{"created_by": f"layer {i}"} for i in range(len(tars))]}).encode())
        manifest = write_blob(place, json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": CONFIG, **config}, "layers": layers}).encode())
        manifests.append({"mediaType": MANIFEST, **manifest, "annotations": {"org.opencontainers.image.ref.name": tag}})
    for name, content in (("oci-layout", {"imageLayoutVersion": "1.0.0"}),
                          ("index.json", {"schemaVersion": 2, "manifests": manifests})):
        with open(os.path.join(place, name), "w", encoding="utf-8") as file:
            json.dump(content, file)


def layer_files(place, tag):
    with open(os.path.join(place, "index.json"), encoding="utf-8") as file:
        index = json.load(file)
    digest = next(m["digest"] for m in index["manifests"] if m["annotations"]["org.opencontainers.image.ref.name"] == tag)
    with open(os.path.join(place, "blobs/sha256", digest[7:]), encoding="utf-8") as file:
        return [os.path.join(place, "blobs/sha256", layer["digest"][7:]) for layer in json.load(file)["layers"]]
