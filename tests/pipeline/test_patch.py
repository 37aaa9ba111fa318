"""`resole patch` on a real Debian root without its security suite, against `apt-get upgrade` in a chroot of the
same root: every difference stands in tests/data/patch_differences.tsv, the database is clean, bytes repeat."""

import json
import os
import shutil

import jsonschema
import pytest

from debian_root import Layout, differences, inside, lay_down, listed, run, verify

pytestmark = pytest.mark.program("resole", "resole-layer-writer")

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture(scope="module")
def roots(build, debian_root, tmp_path_factory):
    place = tmp_path_factory.mktemp("patch")
    Layout(place / "oci").add("old", debian_root.tar)
    resole = os.path.join(build, "bin", "resole")
    outputs = []
    for target in (["--to", f"oci:{place}/oci:one"], ["--to", f"oci:{place}/oci:two"], ["--dry-run"]):
        outputs.append(json.loads(run(resole, "patch", f"oci:{place}/oci:old", *target, "-o", "json",
                                      env={**os.environ, "RESOLE_PROGRAMS_DIR": os.path.join(build, "bin")})))
    if not outputs[0]["packages"]:
        pytest.skip("the security suite has nothing newer for a minimal root today")
    run("umoci", "unpack", "--image", f"{place}/oci:one", str(place / "unpacked"))
    patched = place / "unpacked/rootfs"
    reference = place / "reference"
    reference.mkdir()
    run("tar", "-xf", str(debian_root.tar), "-C", str(reference))
    with inside(reference, debian_root.lines) as chroot:
        chroot.apt("update")
        chroot.apt("-y", "upgrade")
    yield {"patched": patched, "reference": reference, "outputs": outputs, "place": place}
    shutil.rmtree(place, ignore_errors=True)


def test_every_difference_is_explained(roots):
    known, different = listed("patch_differences.tsv"), differences(roots["patched"], roots["reference"])
    assert len(roots["outputs"][0]["packages"]) > 0
    assert {path: what for path, what in different.items() if path not in known} == {}
    # debconf writes only when an upgraded package has questions
    assert sorted(path for path in known - different.keys() if "debconf" not in path) == []


def test_database_is_clean(roots):
    assert run("dpkg", f"--root={roots['patched']}", "--audit") == ""
    assert verify(roots["patched"]) == verify(roots["reference"])


def test_two_builds_have_one_digest(roots):
    one, two = (output["result"]["manifest_digest"] for output in roots["outputs"][:2])
    assert one == two


def test_output_is_what_its_schema_says_and_a_dry_run_shows_the_same_plan(roots):
    with open(os.path.join(ROOT, "schemas/patch.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    for output in roots["outputs"]:
        jsonschema.validate(output, schema, jsonschema.Draft202012Validator)
    patched, _, planned = roots["outputs"]
    assert planned["result"] is None and patched["result"]["layer"]["entries"] > 0
    assert {key: planned[key] for key in ("packages", "kept_back")} == {key: patched[key] for key in ("packages", "kept_back")}


def test_loader_cache_is_what_ldconfig_says(roots):
    def cache(name):
        return run("ldconfig", "-p", "-C", f"{roots[name]}/etc/ld.so.cache").splitlines()[1:]
    assert cache("patched") == cache("reference")


def test_another_pair_of_tools_unpacks_the_same(roots):
    """skopeo checks digests and diff_ids on its way, tar lays the layers down."""
    place, flat = roots["place"], roots["place"] / "flat"
    run("skopeo", "copy", "--quiet", f"oci:{place}/oci:one", f"docker-archive:{place}/one.tar:one:one")
    run("tar", "-xf", str(place / "one.tar"), "-C", str(place))
    flat.mkdir()
    with open(place / "manifest.json", encoding="utf-8") as file:
        layers = json.load(file)[0]["Layers"]
    assert len(layers) == 2
    for layer in layers:
        lay_down(place / layer, flat)
    assert differences(flat, roots["patched"]) == {}
