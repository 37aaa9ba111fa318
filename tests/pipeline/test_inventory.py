"""`resole inventory` with no server: every source of one image gives the same bytes, JSON fits its schema,
SBOMs come back as they went out, hidden and broken things are told."""

import json
import os
import subprocess
import tarfile
import zipfile
import io

import jsonschema
import pytest

from images import Gone, compact, debian_files, digest_of, image_of, jar_of

pytestmark = pytest.mark.program("resole", "resole-reader")

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def layout(image, place, name="one"):
    os.makedirs(place / "blobs/sha256")
    for digest, data in image.blobs() + [(image.digest, image.manifest)]:
        (place / "blobs/sha256" / digest[7:]).write_bytes(data)
    (place / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [{
        "mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest),
        "annotations": {"org.opencontainers.image.ref.name": name}}]}))
    return place


@pytest.fixture(scope="module")
def resole(build):
    def run(*arguments, code=0):
        done = subprocess.run([os.path.join(build, "bin", "resole"), *arguments], capture_output=True, timeout=300,
                              check=False)
        assert done.returncode == code, (done.returncode, done.stderr.decode())
        return done.stdout if code == 0 else done.stderr.decode()
    return run


@pytest.fixture(scope="module")
def schema():
    with open(f"{ROOT}/schemas/inventory.schema.json", encoding="utf-8") as file:
        return json.load(file)


@pytest.fixture(scope="module")
def image():
    base = debian_files({"libc6": ("2.36-9", "glibc"), "tzdata": "2024a-0"})
    both = debian_files({"libc6": ("2.36-9", "glibc"), "tzdata": "2024b-0", "python3-x": "3-1"})
    both["var/lib/dpkg/info/python3-x.list"] = "/usr/lib/python3/dist-packages/x-3.dist-info/METADATA\n"
    both["usr/lib/python3/dist-packages/x-3.dist-info/METADATA"] = "Name: X\nVersion: 3\n"
    both["srv/old.jar"] = jar_of("org.example", "old", "1")
    return image_of([base, both, {"srv/shop.jar": jar_of("org.example", "shop", "1.2.3"), "srv/old.jar": Gone()}])


def test_every_source_gives_the_same_bytes(resole, schema, image, tmp_path):
    place = layout(image, tmp_path / "oci")
    archive = tmp_path / "archive.tar"
    with tarfile.open(archive, "w") as tar:
        for name in ("oci-layout", "index.json", "blobs"):
            tar.add(place / name, name)
    first = resole("inventory", f"oci:{place}", "-o", "json")
    assert first == resole("inventory", f"oci:{place}:one", "-o", "json")
    assert first == resole("inventory", f"oci-archive:{archive}", "-o", "json")
    assert first == resole("inventory", str(archive), "-o", "json")
    document = json.loads(first)
    jsonschema.validate(document, schema)
    assert document["image"]["manifest_digest"] == image.digest
    assert [l["diff_id"] for l in document["image"]["layers"]] == [l.diff_id for l in image.layers]
    found = {p["name"]: p for p in document["packages"]}
    assert set(found) == {"libc6", "tzdata", "python3-x", "x", "org.example:shop"}
    assert (found["libc6"]["layer"], found["libc6"]["tier"]) == (0, "os")
    assert (found["tzdata"]["layer"], found["tzdata"]["version"]) == (1, "2024b-0")
    assert found["libc6"]["source"] == {"name": "glibc", "version": "2.36-9"}
    assert found["x"]["owner"].startswith("pkg:deb/debian/python3-x@3-1")
    assert (found["org.example:shop"]["tier"], found["org.example:shop"]["owner"]) == ("application", None)
    assert document["complete"] and document["warnings"] == []


def test_a_docker_archive_holds_the_same_packages(resole, image, tmp_path):
    archive = tmp_path / "docker.tar"
    with tarfile.open(archive, "w") as tar:
        def put(name, data):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        config = digest_of(image.config)[7:] + ".json"
        put(config, image.config)
        for i, layer in enumerate(image.layers):
            put(f"{i}/layer.tar", layer.blob)
        put("manifest.json", compact([{"Config": config, "RepoTags": ["one:1"],
                                       "Layers": [f"{i}/layer.tar" for i in range(len(image.layers))]}]))
    ours = json.loads(resole("inventory", f"docker-archive:{archive}", "-o", "json"))
    theirs = json.loads(resole("inventory", f"oci:{layout(image, tmp_path / 'oci')}", "-o", "json"))
    assert ours["packages"] == theirs["packages"] and ours["os"] == theirs["os"]


@pytest.mark.parametrize("format_", ["cyclonedx-json", "spdx-json"])
def test_an_sbom_comes_back_as_it_went_out(resole, image, tmp_path, format_):
    place = layout(image, tmp_path / "oci")
    out = tmp_path / "sbom.json"
    resole("inventory", f"oci:{place}", "-o", f"{format_}={out}")
    before = json.loads(resole("inventory", f"oci:{place}", "-o", "json"))
    after = json.loads(resole("inventory", f"sbom:{out}", "-o", "json"))
    assert {(p["purl"], str(p["source"])) for p in before["packages"]} == {
        (p["purl"], str(p["source"])) for p in after["packages"]}
    assert after["os"]["id"] == before["os"]["id"]
    document = json.loads(out.read_text())
    if format_ == "cyclonedx-json":
        assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
        refs = [c["bom-ref"] for c in document["components"]]
        assert len(refs) == len(set(refs))
    else:
        ids = [p["SPDXID"] for p in document["packages"]]
        assert len(ids) == len(set(ids)) and document["spdxVersion"] == "SPDX-2.3"


def test_a_directory_and_its_broken_parts(resole, schema, tmp_path):
    root = tmp_path / "root"
    for path, text in {"etc/os-release": "ID=alpine\nVERSION_ID=3.19.1\n",
                       "lib/apk/db/installed": "P:musl\nV:1.2-r1\nA:x86_64\no:musl\n\n",
                       "srv/broken.jar": "PK no archive at all"}.items():
        os.makedirs((root / path).parent, exist_ok=True)
        (root / path).write_text(text)
    document = json.loads(resole("inventory", f"dir:{root}", "-o", "json"))
    jsonschema.validate(document, schema)
    assert [p["purl"] for p in document["packages"]] == ["pkg:apk/alpine/musl@1.2-r1?arch=x86_64&distro=alpine-3.19.1"]
    assert document["complete"] is False
    assert [(w["code"], w["path"]) for w in document["warnings"]] == [("archive-damaged", "srv/broken.jar")]


def test_a_config_that_lies_about_a_layer_is_refused(resole, image, tmp_path):
    liar = image_of([{"a": "1"}, {"b": "2"}], diff_ids=[image.layers[0].diff_id, image.layers[1].diff_id])
    said = resole("inventory", f"oci:{layout(liar, tmp_path / 'oci')}", code=3)
    assert "diff_id" in said


def test_bad_input_is_one_clear_line(resole, tmp_path):
    assert resole("inventory", f"oci:{tmp_path}/none", code=3).count("\n") == 1
    assert resole("inventory", "-o", "yaml", "x", code=2)
    assert resole("inventory", code=2)
    broken = image_of([{"a": "1" * 100000}])
    broken.layers[0].blob = broken.layers[0].blob[:60]
    place = layout(broken, tmp_path / "oci")
    assert resole("inventory", f"oci:{place}", code=3).count("\n") == 1


def test_nested_archives_are_opened(resole, tmp_path):
    war = io.BytesIO()
    with zipfile.ZipFile(war, "w", zipfile.ZIP_DEFLATED) as file:
        inner = jar_of("com.example", "inner", "4.5")
        file.writestr("WEB-INF/lib/inner-4.5.jar", inner if isinstance(inner, bytes) else inner.encode())
    root = tmp_path / "root"
    os.makedirs(root / "srv")
    (root / "srv/shop.war").write_bytes(war.getvalue())
    document = json.loads(resole("inventory", f"dir:{root}", "-o", "json"))
    assert [(p["name"], p["version"], p["paths"]) for p in document["packages"]] == [
        ("com.example:inner", "4.5", ["srv/shop.war!/WEB-INF/lib/inner-4.5.jar"])]
    assert [w["code"] for w in document["warnings"]] == ["no-package-database"]


def jar_with(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as jar:
        for name, text in entries.items():
            jar.writestr(name, text)
    return out.getvalue()


def test_groups_of_jars_without_a_pom(resole, tmp_path):
    """A group is told where classes of the project stand in the archive, never by a name alone."""
    place = tmp_path / "root/srv"
    os.makedirs(place)
    spring = "Manifest-Version: 1.0\nImplementation-Title: spring-core\nImplementation-Version: 5.3.30\n"
    tomcat = "Manifest-Version: 1.0\nImplementation-Title: Apache Tomcat\nImplementation-Version: 10.1.6\n"
    for name, entries in {
            "spring-core-5.3.30.jar": {"META-INF/MANIFEST.MF": spring, "org/springframework/core/A.class": ""},
            "spring-beans-5.3.30.jar": {"META-INF/MANIFEST.MF": spring},
            "kafka_2.13-3.6.0.jar": {"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n", "kafka/A.class": ""},
            "tomcat10-catalina-10.1.6.jar": {"META-INF/MANIFEST.MF": tomcat}}.items():
        (place / name).write_bytes(jar_with(entries))
    document = json.loads(resole("inventory", f"dir:{tmp_path}/root", "-o", "json"))
    assert [(p["name"], p["version"]) for p in document["packages"]] == [
        ("org.apache.kafka:kafka_2.13", "3.6.0"), ("org.apache.tomcat:tomcat-catalina", "10.1.6"),
        ("org.springframework:spring-core", "5.3.30"), ("spring-beans", "5.3.30")]


def test_lock_files_inside_installed_packages_say_nothing_of_the_image(resole, tmp_path):
    lock = json.dumps({"lockfileVersion": 3, "packages": {"node_modules/inner": {"version": "1.0.0"}}})
    root = tmp_path / "root"
    for path, text in {"srv/node_modules/a/package.json": json.dumps({"name": "a", "version": "2.0.0"}),
                       "srv/node_modules/a/package-lock.json": lock,
                       "srv/node_modules/.package-lock.json": lock.replace("inner", "listed"),
                       "usr/lib/ruby/gems/3.1.0/gems/b-1/Gemfile.lock": "GEM\n  specs:\n    c (1.0)\n"}.items():
        os.makedirs((root / path).parent, exist_ok=True)
        (root / path).write_text(text)
    document = json.loads(resole("inventory", f"dir:{root}", "-o", "json"))
    assert [(p["name"], p["version"]) for p in document["packages"]] == [("a", "2.0.0"), ("listed", "1.0.0")]


@pytest.mark.parametrize("path", [
    "var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages", "var/lib/rpm/Packages.db", "lib/apk/db/installed",
    "var/lib/dpkg/status", "var/lib/pacman/local/x-1/desc", "usr/lib/opkg/status",
    "var/lib/rpmmanifest/container-manifest-2", "srv/package-lock.json", "srv/pnpm-lock.yaml", "srv/poetry.lock",
    "usr/share/bottlerocket/application-inventory.json", "opt/x.egg", "x.dist-info/METADATA"])
def test_a_broken_file_is_named_and_the_rest_is_there(resole, tmp_path, path):
    root = tmp_path / "root"
    for name, data in {path: bytes(range(256)) * 8, "node_modules/a/package.json": b'{"name": "a", "version": "1.0.0"}'}.items():
        os.makedirs((root / name).parent, exist_ok=True)
        (root / name).write_bytes(data)
    document = json.loads(resole("inventory", f"dir:{root}", "-o", "json"))
    assert [p["name"] for p in document["packages"]] == ["a"]
    assert document["complete"] is False
    assert path in [w["path"] for w in document["warnings"]]


def test_an_archive_on_standard_input(build, image, tmp_path):
    place, archive = layout(image, tmp_path / "oci"), tmp_path / "archive.tar"
    with tarfile.open(archive, "w") as tar:
        for name in ("oci-layout", "index.json", "blobs"):
            tar.add(place / name, name)
    tool = os.path.join(build, "bin", "resole")
    with open(archive, "rb") as file:
        piped = subprocess.run([tool, "inventory", "-", "-o", "json"], stdin=file, capture_output=True, timeout=120, check=True)
    named = subprocess.run([tool, "inventory", str(archive), "-o", "json"], capture_output=True, timeout=120, check=True)
    assert piped.stdout == named.stdout
