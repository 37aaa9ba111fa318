"""schemas/ against the code: what the field tables say, the JSON Schemas say, and each refuses and takes
the same examples."""

import glob
import json
import os
import re
import subprocess

import jsonschema
import pytest
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCHEMAS = os.path.join(ROOT, "schemas")
KINDS = {
    "text": {"type": "string"}, "i64": {"type": "integer"}, "bool": {"type": "boolean"}, "json": {},
    "texts": {"type": "array", "items": {"type": "string"}}, "i64s": {"type": "array", "items": {"type": "integer"}},
}
EXAMPLES = sorted(glob.glob(f"{SCHEMAS}/topics/examples/*.json"))


@pytest.fixture(scope="session")
def tool(build):
    path = os.path.join(build, "tests", "topic_table")
    assert os.path.exists(path), f"{path} is not built"
    return path


@pytest.fixture(scope="session")
def tables(tool):
    lines = subprocess.run([tool], capture_output=True, text=True, check=True).stdout.splitlines()
    return {table["topic"]: table for table in map(json.loads, lines)}


def schema_of(topic):
    with open(f"{SCHEMAS}/topics/{topic}.schema.json", encoding="utf-8") as file:
        return json.load(file)


def read_yaml(name):
    with open(f"{SCHEMAS}/{name}", encoding="utf-8") as file:
        return yaml.safe_load(file)


def test_every_topic_has_a_schema_and_none_is_left_over(tables):
    found = {os.path.basename(p).removesuffix(".schema.json") for p in glob.glob(f"{SCHEMAS}/topics/*.schema.json")}
    assert found == set(tables)


def test_schemas_say_what_the_field_tables_say(tables):
    for topic, table in tables.items():
        schema = schema_of(topic)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert list(schema["properties"]) == [f["name"] for f in table["fields"]], topic
        assert schema["required"] == [f["name"] for f in table["fields"] if f["required"]], topic
        assert "additionalProperties" not in schema, f"{topic}: unknown keys are ignored"
        for field in table["fields"]:
            said = schema["properties"][field["name"]]
            for name, value in KINDS[field["kind"]].items():
                assert said[name] == value, f"{topic}: {field['name']}"
            assert said["description"] == field["help"], f"{topic}: {field['name']}"
            if field["kind"] == "text":
                assert said["maxLength"] == field["most"], f"{topic}: {field['name']}"
            if field["kind"] in ("texts", "i64s"):
                assert said["maxItems"] == field["most"], f"{topic}: {field['name']}"


def test_every_topic_has_good_and_bad_examples(tables):
    for topic in tables:
        for kind in ("ok", "bad"):
            assert glob.glob(f"{SCHEMAS}/topics/examples/{topic}.{kind}-*.json"), f"{topic}: no {kind} example"


@pytest.mark.parametrize("path", EXAMPLES, ids=[os.path.basename(p) for p in EXAMPLES])
def test_example_is_judged_alike_by_schema_and_code(path, tool):
    topic, kind = re.fullmatch(r"(.+)\.(ok|bad)-.+\.json", os.path.basename(path)).groups()
    with open(path, "rb") as file:
        value = file.read()
    validator = jsonschema.Draft202012Validator(schema_of(topic))
    done = subprocess.run([tool, "--decode", topic], input=value, capture_output=True, check=False)
    if kind == "bad":
        assert not validator.is_valid(json.loads(value))
        assert done.returncode == 3 and topic.encode() in done.stderr
        return
    validator.validate(json.loads(value))
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    validator.validate(again)  # what the code sends is what the schema says
    known = schema_of(topic)["properties"]
    assert {k: v for k, v in json.loads(value).items() if k in known}.items() <= again.items()


def test_asyncapi_names_every_channel_and_message(tables):
    spec = read_yaml("asyncapi.yaml")
    addresses = {channel["address"] for channel in spec["channels"].values()}
    wanted = {f"resole.{t}.v1" for t in tables} | {f"resole.{t}.bulk.v1" for t, x in tables.items() if x["bulk"]}
    assert addresses == wanted
    messages = spec["components"]["messages"]
    assert {m["name"] for m in messages.values()} == set(tables)
    for message in messages.values():
        path = message["payload"]["schema"]["$ref"]
        assert path == f"topics/{message['name']}.schema.json" and os.path.exists(f"{SCHEMAS}/{path}")
        assert message["bindings"]["kafka"]["key"]["description"] == tables[message["name"]]["key"]


def test_asyncapi_references_resolve():
    spec = read_yaml("asyncapi.yaml")

    def walk(node):
        if isinstance(node, dict):
            target = node.get("$ref", "")
            if target.startswith("#/"):
                at = spec
                for part in target[2:].split("/"):
                    at = at[part]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(spec)


def test_world_topics_are_operations_of_asyncapi(tables):
    spec = read_yaml("asyncapi.yaml")
    open_to = {o["channel"]["$ref"].rsplit("/", 1)[1].replace("_", ".") for o in spec["operations"].values()}
    assert open_to == {t for t, table in tables.items() if table["world"]}


def test_readme_table_is_true(tables):
    with open(f"{SCHEMAS}/README.md", encoding="utf-8") as file:
        rows = re.findall(r"^\| `([a-z.]+)` \| (.+?) \| (.+?) \| (\w+) \| (yes|no) \|$", file.read(), re.M)
    assert {r[0]: (r[3], r[4] == "yes") for r in rows} == {t: (x["key"], x["bulk"]) for t, x in tables.items()}
