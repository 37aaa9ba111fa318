"""The matcher as the replay suites ask it, and how an answer is compared."""
import json
import os
import re
import subprocess

# Package type → what databases, lock files and analysers call it.
_NAMES = {
    "bitnami": "bitnami",
    "cargo": "cargo crates.io rust-binary rustbinary",
    "cocoapods": "cocoapods",
    "composer": "composer composer-vendor packagist",
    "conan": "conan conancenter",
    "gem": "bundler gemspec rubygems",
    "golang": "go gobinary gomod gomodule",
    "hex": "erlang hex mix",
    "maven": "gradle gradle-lockfile jar maven pom sbt sbt-lockfile",
    "npm": "bun node-pkg nodejs nodepkg npm pnpm yarn",
    "nuget": "dotnet-core nuget packages-props",
    "pub": "dart pub",
    "pypi": "pep440 pip pipenv poetry pypi python-pkg pythonpkg uv",
    "semver": "generic",
    "swift": "swift swifturl",
}
_TYPES = {name: kind for kind, names in _NAMES.items() for name in names.split()}
APK, DEB = {"alpine", "wolfi", "chainguard", "minimos"}, {"debian", "ubuntu", "echo"}


def type_of(name):
    return _TYPES.get((name or "").lower())


def package_type(distro):
    return "deb" if distro in DEB else "apk" if distro in APK else "rpm"


class Matcher:
    def __init__(self, build):
        self.process = subprocess.Popen([os.path.join(build, "tests", "match_check")],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, packages, assertions, documents=()):
        question = json.dumps({"packages": packages, "assertions": assertions, "documents": documents})
        self.process.stdin.write((question + "\n").encode())
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or '{"error": "the matcher died"}')


def found(answer, packages):
    return {(packages[f["package"]]["name"], f["vulnerability"]) for f in answer
            if f["state"] not in ("not-affected", "unknown")}


def compare(results, group, case, answer, packages, wanted):
    if isinstance(answer, dict):
        results.fail(group, case, sorted(wanted), answer)
        return
    if "ignore-unfixed" in case:  # a golden's name tells the options of its scan
        answer = [f for f in answer if f["fixed"]]
    came = found(answer, packages)
    if re.search("-(low|medium|high|critical)$", case):
        came &= wanted
    results.check(group, case, sorted(wanted), sorted(came))
