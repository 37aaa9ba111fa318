"""A signed Debian repository made with Debian's own tools (dpkg-deb, apt-ftparchive, gpg), served over
HTTP on a free port, and changed while everything runs."""

import functools
import http.server
import os
import shutil
import subprocess
import threading
import time


class Key:
    """An OpenPGP key of its own, in a home of its own."""

    def __init__(self, folder, name="Tests"):
        self.home = folder
        os.makedirs(folder, mode=0o700)
        self.run("--quick-generate-key", f"{name} <tests@example.org>", "rsa2048", "sign", "never")
        self.public = os.path.join(folder, "public.gpg")
        self.run("--output", self.public, "--export")

    def run(self, *arguments):
        subprocess.run(["gpg", "--homedir", self.home, "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback",
                        "--passphrase", "", *arguments], check=True, capture_output=True)

    def clear_sign(self, source, target):
        self.run("--clearsign", "--digest-algo", "SHA512", "--output", target, source)

    def close(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False, capture_output=True)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Repository:
    """suites: codename → packages. `add` takes files and control fields; `publish` signs."""

    def __init__(self, folder, key, origin="Debian"):
        self.folder, self.key, self.origin = folder, key, origin
        os.makedirs(os.path.join(folder, "www/pool"))
        self.www = os.path.join(folder, "www")
        handler = functools.partial(Quiet, directory=self.www)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def add(self, suite, name, version, files, source=None, depends=None, changelog=None, architecture="amd64",
            scripts=None):
        """Builds the .deb into the suite's pool; returns its path."""
        root = os.path.join(self.folder, "build")
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(os.path.join(root, "DEBIAN"))
        files = dict(files)
        if changelog:
            import gzip
            files[f"usr/share/doc/{name}/changelog.Debian.gz"] = gzip.compress(changelog.encode(), mtime=0)
        for path, data in files.items():
            target = os.path.join(root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(data if isinstance(data, bytes) else data.encode())
        fields = {"Package": name, "Version": version, "Architecture": architecture,
                  "Maintainer": "Nobody <nobody@example.org>", "Section": "libs", "Priority": "optional"}
        if source:
            fields["Source"] = source
        if depends:
            fields["Depends"] = depends
        fields["Description"] = f"{name} for tests"
        with open(os.path.join(root, "DEBIAN/control"), "w", encoding="utf-8") as control:
            control.writelines(f"{k}: {v}\n" for k, v in fields.items())
        for script, text in (scripts or {}).items():
            with open(os.path.join(root, "DEBIAN", script), "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(os.path.join(root, "DEBIAN", script), 0o755)
        pool = os.path.join(self.www, "pool", suite)
        os.makedirs(pool, exist_ok=True)
        deb = os.path.join(pool, f"{name}_{version.replace(':', '%3a')}_{architecture}.deb")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "-b", root, deb], check=True, capture_output=True)
        return deb

    def publish(self, suite, codename, component="main", architecture="amd64", valid_for_s=7 * 86400, dated=None,
                key=None):
        """Writes Packages, Release and InRelease; the new index appears at once, by rename."""
        dists = os.path.join(self.www, "dists", suite)
        os.makedirs(os.path.join(self.www, "pool", suite), exist_ok=True)
        binaries = [os.path.join(dists, component, f"binary-{one}") for one in architecture.split()]
        for one, binary in zip(architecture.split(), binaries):
            os.makedirs(binary, exist_ok=True)
            packages = subprocess.run(["apt-ftparchive", "--arch", one, "packages", f"pool/{suite}"], cwd=self.www, check=True,
                                      capture_output=True).stdout
            with open(os.path.join(binary, "Packages"), "wb") as file:
                file.write(packages)
            subprocess.run(["xz", "-k", "-f", "Packages"], cwd=binary, check=True)
        dated = dated or time.time()
        stamp = lambda t: time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime(t))  # noqa: E731
        for name in ("Release", "InRelease"):
            if os.path.exists(os.path.join(dists, name)):
                os.unlink(os.path.join(dists, name))
        options = {"Origin": self.origin, "Label": self.origin, "Suite": suite, "Codename": suite,
                   "Components": component, "Architectures": architecture, "Date": stamp(dated),
                   "Valid-Until": stamp(dated + valid_for_s), "Acquire-By-Hash": "yes"}
        command = ["apt-ftparchive"]
        for option, value in options.items():
            command += ["-o", f"APT::FTPArchive::Release::{option}={value}"]
        release = subprocess.run(command + ["release", dists], check=True, capture_output=True).stdout
        kept = [line for line in release.splitlines() if not line.startswith(b"Valid-Until:")]
        at = next(i for i, line in enumerate(kept) if line.startswith(b"Date:"))
        kept.insert(at + 1, f"Valid-Until: {stamp(dated + valid_for_s)}".encode())  # apt-ftparchive drops the past
        release = b"\n".join(kept) + b"\n"
        import hashlib
        for binary in binaries:
            by_hash = os.path.join(binary, "by-hash/SHA256")
            os.makedirs(by_hash, exist_ok=True)
            for name in ("Packages", "Packages.xz"):
                with open(os.path.join(binary, name), "rb") as file:
                    data = file.read()
                with open(os.path.join(by_hash, hashlib.sha256(data).hexdigest()), "wb") as file:
                    file.write(data)
        plain = os.path.join(self.folder, f"Release.{suite}")
        with open(plain, "wb") as file:
            file.write(release)
        signed = os.path.join(self.folder, f"InRelease.{suite}")
        (key or self.key).clear_sign(plain, signed)
        os.replace(signed, os.path.join(dists, "InRelease"))
        assert codename

    def close(self):
        self.server.shutdown()
        self.server.server_close()
