"""A stranger's JSON schema is checked by, shown, and never a way to hold up the engine or to make it fetch something."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tools.schema import MAX_SCHEMA_BYTES, ArgumentsSchema, BadSchema

LAUGHS = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 10} for n in range(12)} | {"d12": {"type": "string"}}


def test_faults_name_the_place_and_what_is_expected():
    schema = ArgumentsSchema(
        {
            "properties": {"to": {"type": "array", "items": {"type": "integer"}}, "how": {"enum": ["a", "b"]}},
            "required": ["to"],
            "additionalProperties": False,
        }
    )
    assert schema.faults({"to": [1, 2], "how": "a"}) == []
    assert schema.faults({}) == ["- arguments: 'to' is a required property"]
    assert schema.faults({"to": [1, "x"], "how": "c"}) == [
        "- to.1: 'x' is not of type 'integer'",
        "- how: 'c' is not one of ['a', 'b']",
    ]
    assert len(schema.faults({"to": ["x"] * 1_000})) == 15


def test_references_are_resolved_and_noise_is_dropped():
    schema = ArgumentsSchema({
        "title": "T", "$defs": {"n": {"type": "integer", "title": "N"}}, "properties": {"a": {"$ref": "#/$defs/n"}}
    })  # fmt: skip
    assert msgspec.json.decode(schema.text) == {
        "type": "object", "properties": {"a": {"type": "integer", "title": "N"}}
    }  # fmt: skip
    assert schema.faults({"a": "x"}) == ["- a: 'x' is not of type 'integer'"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"properties": []},
        {"properties": {"a": {"type": "no such type"}}},
        {"required": "a"},
        {"$defs": {"n": {"$ref": "#/$defs/n"}}, "properties": {"a": {"$ref": "#/$defs/n"}}},
        {"$defs": LAUGHS, "properties": {"a": {"$ref": "#/$defs/d0"}}},
        {"properties": {"a": {"description": "x" * (MAX_SCHEMA_BYTES + 1)}}},
        json.loads('{"properties": {"a": ' + '{"not": ' * 200 + "{}" + "}" * 200 + "}}"),
    ],
    ids=["no object", "no table", "unknown type", "required", "itself", "laughs", "large", "deep"],
)
def test_what_is_no_schema_of_arguments_is_refused(schema: dict[str, object]):
    with pytest.raises(BadSchema):
        ArgumentsSchema(schema)


def test_nothing_is_fetched_and_no_pattern_is_tried():
    schema = ArgumentsSchema(
        {
            "properties": {
                "a": {"$ref": "http://127.0.0.1:1/schema.json"},
                "b": {"type": "string", "pattern": "(a|aa)+$"},
                "c": {"$ref": "file:///etc/passwd"},
            }
        }
    )
    assert schema.faults({"a": 1, "b": "a" * 60 + "!", "c": 2}) == []
    assert b"(a|aa)+$" in schema.text
    assert b"passwd" not in schema.text


KEYWORDS = [
    "type",
    "properties",
    "items",
    "anyOf",
    "allOf",
    "not",
    "$ref",
    "$defs",
    "required",
    "enum",
    "minimum",
    "pattern",
]
NODES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["object", "string", "#/$defs/a", "[", "#"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYWORDS, "a"]), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(KEYWORDS), NODES, max_size=5), st.dictionaries(st.sampled_from(["a", "b"]), NODES)
)
def test_any_schema_is_used_or_refused(schema: dict[str, object], arguments: dict[str, object]):
    try:
        made = ArgumentsSchema(schema)
    except BadSchema:
        return
    assert all(isinstance(fault, str) for fault in made.faults(arguments))
