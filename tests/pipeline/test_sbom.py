"""SBOMs as their own makers judge them: CycloneDX by its JSON schema, SPDX by its reference library, both
fetched from the package index at test time; where the index is not reached the tests are skipped."""

import glob
import io
import json
import os
import subprocess
import sys
import zipfile

import jsonschema
import pytest

from images import debian_files, jar_of

pytestmark = pytest.mark.program("resole", "resole-reader")

TOOLS = {"cyclonedx-python-lib": ["--no-deps"], "spdx-tools": []}
CHECK_SPDX = """
import sys
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
found = validate_full_spdx_document(parse_file(sys.argv[1]))
for message in found:
    print(message.validation_message)
sys.exit(1 if found else 0)
"""


@pytest.fixture(scope="module")
def tools(build):
    """Where the two libraries stand; kept between runs."""
    place = os.path.join(build, "sbom_tools")
    for name, options in TOOLS.items():
        target = os.path.join(place, name)
        if os.path.isdir(target):
            continue
        done = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", target, *options, name],
                              capture_output=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"{name} cannot be had: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return place


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A root with a package of each kind, names and versions that want escaping among them."""
    place = tmp_path_factory.mktemp("sbom") / "root"
    files = debian_files({"libc6": ("2.36-9", "glibc"), "libstdc++6": "1:12.2.0-14+deb12u1", "tzdata": "2024a-0~x"})
    files = {path: what for path, what in files.items() if isinstance(what, (str, bytes))}
    files["srv/a-1.jar"] = jar_of("org.example", "a", "1")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as war:
        war.writestr("WEB-INF/lib/b-2.jar", jar_of("org.example", "b", "2"))
    files["srv/shop.war"] = inner.getvalue()
    files.update({
        "srv/node_modules/@scope/n/package.json": json.dumps({"name": "@scope/n", "version": "1.0.0-rc.1+build"}),
        "usr/lib/python3/dist-packages/p-1.dist-info/METADATA": "Name: P_q\nVersion: 1!2.0+local\n",
        "usr/lib/ruby/specifications/g-1.gemspec": 'Gem::Specification.new do |s|\n s.name = "g"\n s.version = "1"\nend',
        "app/vendor/composer/installed.json": json.dumps({"packages": [{"name": "a/b", "version": "v1 \"x\""}]}),
        "opt/bitnami/.bitnami_components.json": json.dumps({"gosu": {"version": "1.14.0-1"}}),
        "usr/lib/R/library/r/DESCRIPTION": "Package: r\nVersion: 1.0\nBuilt: R 4\n",
        "srv/conan.lock": json.dumps({"version": "0.5", "requires": ["zlib/1.2.11#r"]}),
        "srv/Package.resolved": json.dumps({"pins": [{"location": "https://x.example/a/b.git",
                                                       "state": {"version": "1.0.0"}}]}),
        "usr/share/php/.registry/.channel.pecl.php.net/m.reg":
            's:4:"name";s:1:"m";s:7:"version";a:1:{s:7:"release";s:5:"3.2.0";}',
    })
    for path, what in files.items():
        os.makedirs((place / path).parent, exist_ok=True)
        (place / path).write_bytes(what.encode() if isinstance(what, str) else what)
    return place


@pytest.fixture(scope="module")
def sboms(build, root, tmp_path_factory):
    place = tmp_path_factory.mktemp("sboms")
    paths = {"cyclonedx-json": place / "a.cdx.json", "spdx-json": place / "a.spdx.json", "json": place / "a.json"}
    outputs = [f"{kind}={path}" for kind, path in paths.items()]
    subprocess.run([os.path.join(build, "bin", "resole"), "inventory", f"dir:{root}",
                    *[word for output in outputs for word in ("-o", output)]],
                   check=True, timeout=120)
    return paths


def test_cyclonedx_fits_its_schema(tools, sboms):
    folder = glob.glob(f"{tools}/cyclonedx-python-lib/**/_res", recursive=True)[0]
    store = {}
    for path in glob.glob(f"{folder}/*.schema.json"):
        with open(path, encoding="utf-8") as file:
            schema = json.load(file)
        store[schema["$id"]] = store["http://cyclonedx.org/schema/" + os.path.basename(path)] = schema
    schema = store["http://cyclonedx.org/schema/bom-1.6.SNAPSHOT.schema.json"]
    document = json.loads(sboms["cyclonedx-json"].read_text())
    resolver = jsonschema.RefResolver("http://cyclonedx.org/schema/bom-1.6.SNAPSHOT.schema.json", schema, store=store)
    errors = list(jsonschema.Draft7Validator(schema, resolver=resolver).iter_errors(document))
    assert not errors, errors[0]
    assert len(document["components"]) >= 15
    broken = dict(document, components=[{"name": "no type"}])
    assert not jsonschema.Draft7Validator(schema, resolver=resolver).is_valid(broken)


def test_spdx_is_valid_to_its_own_library(tools, sboms):
    done = subprocess.run([sys.executable, "-c", CHECK_SPDX, str(sboms["spdx-json"])], capture_output=True, timeout=120,
                          check=False, env=dict(os.environ, PYTHONPATH=os.path.join(tools, "spdx-tools")))
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-2000:]


@pytest.mark.parametrize("kind", ["cyclonedx-json", "spdx-json"])
def test_every_kind_comes_back(build, sboms, kind):
    said = json.loads(sboms["json"].read_text())
    back = json.loads(subprocess.run([os.path.join(build, "bin", "resole"), "inventory", f"sbom:{sboms[kind]}", "-o", "json"],
                                     check=True, capture_output=True, timeout=120).stdout)
    assert {(p["purl"], p["name"], p["version"]) for p in back["packages"]} == {
        (p["purl"], p["name"], p["version"]) for p in said["packages"]}
