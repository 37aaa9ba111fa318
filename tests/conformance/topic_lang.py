"""lang: what the readers of language packages make of the fixtures, against the goldens.

A fixture that upstream renamed is offered under the name that its format has in an image."""
import json
import os
import re
import shutil
import tempfile
import zipfile

from golden import Reader, files, locate, normal, own_projects, tree, wanted_of

# The last parts of an upstream directory and the file name its format goes by.
NAMES = {
    "packagelockjson": "package-lock.json", "nodejs/npm": "package-lock.json",
    "pnpmlock": "pnpm-lock.yaml", "nodejs/pnpm": "pnpm-lock.yaml", "yarnlock": "yarn.lock",
    "nodejs/yarn": "yarn.lock", "nodejs/bun": "bun.lock", "packagejson": "package.json",
    "nodejs/packagejson": "package.json", "nodejs/pkg": "package.json",
    "composerlock": "composer.lock", "php/composer": "composer.lock",
    "pipfilelock": "Pipfile.lock", "python/pipenv": "Pipfile.lock", "poetrylock": "poetry.lock",
    "python/poetry": "poetry.lock", "python/uv": "uv.lock", "python/pylock": "pylock.toml",
    "requirements": "requirements.txt", "python/pip": "requirements.txt",
    "condameta": "conda-meta/package.json", "conda/meta": "conda-meta/package.json",
    "gemfilelock": "Gemfile.lock", "ruby/bundler": "Gemfile.lock",
    "gemspec": "specifications/x.gemspec", "cargolock": "Cargo.lock", "rust/cargo": "Cargo.lock",
    "depsjson": "x.deps.json", "core_deps": "x.deps.json", "dotnet/deps": "x.deps.json",
    "packagesconfig": "packages.config", "nuget/config": "packages.config",
    "nuget/lock": "packages.lock.json", "projectassetsjson": "project.assets.json",
    "swift/cocoapods": "Podfile.lock", "dart/pub": "pubspec.lock", "julia/pkg": "Manifest.toml",
    "python/packaging": "x.egg-info/PKG-INFO", "wheelegg": "x.dist-info/METADATA",
    "vendormodules": "vendor/modules.txt", "gobinary": "binary", "golang/binary": "binary",
    "cargoauditable": "binary", "rust/binary": "binary",
    "gradle/lockfile": "gradle.lockfile", "java/gradle": "gradle.lockfile",
    "gradlelockfile": "gradle.lockfile", "c/conan": "conan.lock", "conanlock": "conan.lock",
    "cpp": "conan.lock", "renvlock": "renv.lock", "hex/mix": "mix.lock", "mixlock": "mix.lock",
    "elixir/mix": "mix.lock", "denolock": "deno.lock", "bunlock": "bun.lock", "uvlock": "uv.lock",
    "pdmlock": "pdm.lock", "pylock": "pylock.toml", "swift/swift": "Package.resolved",
    "packageresolved": "Package.resolved", "swift/pods": "Podfile.lock",
    "podfilelock": "Podfile.lock", "pubspec": "pubspec.lock", "manifesttoml": "Manifest.toml",
    "stacklock": "stack.yaml.lock", "cabal": "cabal.project.freeze",
}

# Renamed fixtures in folders of many formats: by what is left of the name.
PATTERNS = [
    (r"package-lock.*\.json$", "package-lock.json"), (r"^package.*\.json$", "package.json"),
    (r"yarn.*\.lock$", "yarn.lock"), (r"pnpm-lock.*\.ya?ml$", "pnpm-lock.yaml"),
    (r"^installed\.json$", "composer/installed.json"), (r"\.reg$", ".registry/x.reg"),
    (r"conan.*\.lock$", "conan.lock"), (r"(mix|elixir).*\.lock$", "mix.lock"),
    (r"rebar.*\.lock$", "rebar.lock"), (r"renv.*\.lock$", "renv.lock"),
    (r"[Pp]odfile.*\.lock$", "Podfile.lock"), (r"Package.*\.resolved$", "Package.resolved"),
    (r"pubspec.*\.lock$", "pubspec.lock"), (r"[Gg]emfile.*\.lock$", "Gemfile.lock"),
    (r"gradle.*\.lockfile$", "gradle.lockfile"), (r"^deno.*\.lock$", "deno.lock"),
    (r"^bun.*\.lock$", "bun.lock"), (r"^uv.*\.lock$", "uv.lock"), (r"^pdm.*\.lock$", "pdm.lock"),
    (r"^poetry.*\.lock$", "poetry.lock"), (r"[Pp]ipfile.*\.lock$", "Pipfile.lock"),
    (r"[Cc]argo.*\.lock$", "Cargo.lock"), (r"composer.*\.lock$", "composer.lock"),
]

# Lock files that mark packages for development, which these tools leave out and we do not.
LEAVES_OUT_DEV = {"syft", "trivy", "trivy-parser"}
HAS_DEV = re.compile("npm|yarn|pnpm|javascript|php|pipenv|python|cargo|composer")

# Manifests that say what a build may want, not what is there.
NOT_CLAIMED = {
    "csproj": "*.csproj", "paketdependencies": "paket.dependencies", "paketlock": "paket.lock",
    "nugetcpm": "Directory.Packages.props", "packagesprops": "Directory.Packages.props",
    "cargotoml": "Cargo.toml", "sbt": "build.sbt.lock",
    "pom": "pom.xml", "sum": "go.sum", "mod": "go.mod", "gomod": "go.mod",
    "pyproject": "pyproject.toml", "environment": "environment.yml", "dotnetpe": "*.dll",
}
NOT_CLAIMED_FILES = {"go.mod": "go.mod", "go.sum": "go.sum", "pom.xml": "pom.xml", "setup.py": "setup.py", "Cargo.toml": "Cargo.toml"}


def canonical(directory):
    parts = directory.split("/")
    for key in ("/".join(parts[-2:]), parts[-1]):
        if key in NAMES:
            return NAMES[key]
    return None


def unpack_txtar(path, folder):
    """Go's text archive: "-- name --" lines before each file."""
    current = None
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("-- ") and line.rstrip().endswith(" --"):
                name = os.path.join(folder, line.strip()[3:-3].strip())
                os.makedirs(os.path.dirname(name), exist_ok=True)
                if current:
                    current.close()
                current = open(name, "w", encoding="utf-8")
            elif current:
                current.write(line)
    if current:
        current.close()
    return folder


def offer(directory, fixture, scratch, case):
    """The files of the fixture, renamed if it is one file of a known format."""
    base = os.path.basename(fixture)
    if os.path.isdir(fixture):
        return [(re.sub(r"(^|/)(dist-info|egg-info|DIST-INFO|EGG-INFO)(?=/)", r"\1x.\2", p), f)
                for p, f in tree(fixture)]
    if base == "MANIFEST.MF":
        return [jar_of(fixture, scratch, case)]
    name = canonical(directory)
    if not name:
        name = next((n for pattern, n in PATTERNS if re.search(pattern, base)), base)
    keeps = os.path.splitext(base)[1] in (".whl", ".egg", ".jar", ".war", ".ear", ".zip")
    return [(base if keeps else name, fixture)]


def jar_of(manifest, scratch, case):
    """A jar of the name that the case says, with nothing but the manifest."""
    path = case.get("path")
    path = path["args"][0] if isinstance(path, dict) else path
    jar = os.path.join(scratch, os.path.basename(path or "x"))
    jar += "" if jar.endswith(".jar") else ".jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.write(manifest, "META-INF/MANIFEST.MF")
    return os.path.basename(jar), jar


def matches(wanted, got):
    """The same version, and the same name, with its group or without."""
    (name, version), (their_name, their_version) = wanted, got
    if version and version != their_version:
        return False
    if ":" in name:  # a group that a manifest only hints at is not held against a reader
        return name.split(":")[1] == their_name.split(":")[-1]
    return name == their_name or \
        their_name.endswith((":" + name, "/" + name)) or name.endswith("/" + their_name)


def judge(wanted, answer):
    """What is missing and what is too much."""
    wanted = {normal(*w) for w in wanted if w[1]}
    got = {normal(p["name"], p["version"]) for p in answer["packages"]}
    missing = sorted(w for w in wanted if not any(matches(w, g) for g in got))
    extra = sorted(g for g in got if not any(matches(w, g) for w in wanted))
    return missing, extra


def not_claimed(directory, fixture):
    return NOT_CLAIMED.get(directory.split("/")[-1]) or NOT_CLAIMED_FILES.get(os.path.basename(fixture))


def own_by_fixture(path):
    """Names that the fixture itself calls the application's own: a lock file's root and
    workspaces, the projects of a .deps.json."""
    if not os.path.isfile(path) or os.path.getsize(path) > 1 << 20:
        return set()
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    own = set(re.findall(r'^"?((?:@[^/"]+/)?[^@"]+)@workspace:', text, re.M))
    try:
        lock = json.loads(text)
    except ValueError:
        return own
    if not isinstance(lock, dict):
        return own
    if "lockfileVersion" in lock:
        own.add(lock.get("name", ""))
        for place, entry in lock.get("packages", {}).items():
            if "node_modules/" not in place:
                own.add(entry.get("name") or place.split("/")[-1])
    for library, entry in lock.get("libraries", {}).items():
        if isinstance(entry, dict) and entry.get("type") == "project":
            own.add(library.split("/")[0])
    return own


def version_elsewhere(path):
    """A gemspec of a source tree that takes its version from another file."""
    if not path.endswith(".gemspec"):
        return False
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    constant = re.search(r"\.version\s*=\s*([A-Z]\w*(?:::\w+)*)", text)
    return bool(constant) and not re.search(r"^\s*%s\s*=" % constant.group(1), text, re.M)


def not_claimed_here(golden, case, path):
    if version_elsewhere(path):
        return "*.gemspec with its version in another file"
    if case["case"].get("includeDeps"):
        return "package.json as a manifest"
    return not_claimed(golden["dir"], path)


def run_case(reader, group, golden, case, root, results):
    fixture = case.get("fixture")
    if isinstance(case["case"], dict) and isinstance(case["case"].get("fixture"), str):
        fixture = case["case"]["fixture"]
    if isinstance(case["case"], dict) and isinstance(case["case"].get("dir"), str):
        fixture = case["case"]["dir"]  # beside it may stand a cache of the tool
    path = locate(root, golden["dir"], fixture) if fixture else None
    wanted = wanted_of(case["case"]) if isinstance(case["case"], dict) else None
    if path is None or wanted is None or not fixture:
        return
    kind = not_claimed_here(golden, case, path)
    if kind:
        results.skip(kind)
        return
    scratch = tempfile.mkdtemp(prefix="resole-lang-")
    try:
        if path.endswith(".txtar"):
            path = unpack_txtar(path, scratch)
        answer = reader.ask(offer(golden["dir"], path, scratch, case["case"]))
    finally:
        shutil.rmtree(scratch)
    name = "%s/%s" % (case["test"], case["case"].get("name") or case["case"].get("Name") or fixture)
    if answer is None:
        results.fail(group, name, "an answer", "the reader died")
        return
    if any(isinstance(v, dict) or v is True or (isinstance(v, str) and v)
           for v in (case["case"].get("WantErr"), case["case"].get("wantErr"))):
        results.check(group, name, "an answer", "an answer")
        return
    missing, extra = judge(wanted, answer)
    own = {normal(n, "")[0] for n in own_projects(case["case"]) | own_by_fixture(path)}
    extra = [e for e in extra if e[0] not in own]
    missing = [m for m in missing if m[0] not in own]
    source = group.split("/")[0]
    if wanted and source in LEAVES_OUT_DEV and HAS_DEV.search(group):
        extra = []
    results.check(group, name, "nothing missing, nothing too much",
                  "nothing missing, nothing too much" if not missing and not extra else
                  "%s: missing %s, too much %s" % (fixture, missing[:8], extra[:8]))


def run(folder, build, results):
    reader = Reader(build)
    for root, name, golden in files(folder):
        group = "%s/%s" % (os.path.relpath(root, folder).split("/")[0], name.split("__", 2)[-1])
        for case in golden["cases"]:
            with results.guard(group, str(case.get("test"))):
                run_case(reader, group, golden, case, root, results)
