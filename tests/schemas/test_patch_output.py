"""schemas/patch.schema.json takes its good examples and refuses the bad ones; test_patch.py holds the program's
real output against it."""

import glob
import json
import os

import jsonschema
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = sorted(glob.glob(f"{ROOT}/schemas/examples/patch/*.json"))


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def test_there_are_examples_of_both_kinds():
    names = {os.path.basename(path).split("-")[0] for path in EXAMPLES}
    assert names == {"ok", "bad"}


@pytest.mark.parametrize("path", EXAMPLES, ids=os.path.basename)
def test_example(path):
    schema = read(f"{ROOT}/schemas/patch.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    valid = jsonschema.Draft202012Validator(schema).is_valid(read(path))
    assert valid == os.path.basename(path).startswith("ok-")
