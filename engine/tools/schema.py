"""JSON schemas that strangers wrote, made safe to show to a model and to check arguments by; must fetch nothing.

References are resolved in place within a bounded size, so that a small schema cannot stand for an endless one, and patterns
are shown but not checked: one that backtracks without end would hold up the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import jsonschema
import msgspec
from jsonschema.validators import Draft202012Validator, extend

MAX_SCHEMA_BYTES = 64_000
_MAX_DEPTH = 24
_MAX_FAULTS = 15
_MAX_FAULT_CHARS = 300
_UNCHECKED = (
    "pattern",
    "patternProperties",
    "$ref",
    "$dynamicRef",
    "propertyNames",
    "dependentSchemas",
    "unevaluatedProperties",
)


class BadSchema(Exception):
    """What should be a schema of arguments is none; the message says why."""


def _unchecked(*_: object) -> Iterator[jsonschema.ValidationError]:
    return iter(())


_Validator = extend(Draft202012Validator, dict.fromkeys(_UNCHECKED, _unchecked))


class ArgumentsSchema:
    """The schema of a call's arguments: an object's. `text` is it as JSON, references resolved."""

    def __init__(self, schema: Mapping[str, object]) -> None:
        if schema.get("type", "object") != "object":
            raise BadSchema("the schema of arguments must have the type object")
        definitions = {
            f"#/{key}/{name}": part for key in ("$defs", "definitions") for name, part in _table(schema, key)
        }
        flat = _Resolver(definitions).resolved(dict(schema))
        if not isinstance(flat, dict):
            raise BadSchema("the schema of arguments is no JSON object")
        flat = {"type": "object", "properties": {}} | {key: part for key, part in flat.items() if key not in _NOISE}
        if not isinstance(flat["properties"], dict):
            raise BadSchema("`properties` is no table")
        try:
            Draft202012Validator.check_schema(flat)
        except (jsonschema.SchemaError, RecursionError) as fault:
            raise BadSchema(f"it is no JSON schema ({str(fault).splitlines()[0][:_MAX_FAULT_CHARS]})") from None
        self.text = msgspec.json.encode(flat)
        self._validator = _Validator(flat)

    def faults(self, arguments: object) -> list[str]:
        """What is wrong with the arguments, a line each; empty when they fit."""
        found: list[str] = []
        for error in self._validator.iter_errors(arguments):
            place = ".".join(str(part) for part in error.absolute_path) or "arguments"
            found.append(f"- {place}: {error.message[:_MAX_FAULT_CHARS]}")
            if len(found) == _MAX_FAULTS:
                break
        return found


_NOISE = ("$schema", "$id", "$defs", "definitions", "title", "description")


def _table(schema: Mapping[str, object], key: str) -> list[tuple[object, object]]:
    part = schema.get(key)
    return list(part.items()) if isinstance(part, dict) else []


class _Resolver:
    """Puts definitions in the place of references, until the whole is too large or too deep."""

    def __init__(self, definitions: Mapping[str, object]) -> None:
        self._definitions = definitions
        self._bytes_left = MAX_SCHEMA_BYTES

    def resolved(self, node: object, depth: int = 0) -> object:
        self._bytes_left -= len(node) + 2 if isinstance(node, str) else 8
        if self._bytes_left < 0 or depth > _MAX_DEPTH:
            raise BadSchema(
                f"it is larger than {MAX_SCHEMA_BYTES:,} bytes with its references resolved, or refers to itself"
            )
        if isinstance(node, list):
            return [self.resolved(item, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            # One that leads elsewhere allows anything: whoever made the tool checks it again.
            return self.resolved(self._definitions.get(reference, {}), depth + 1)
        self._bytes_left -= sum(len(str(key)) + 4 for key in node)
        return {
            str(key): self.resolved(part, depth + 1)
            for key, part in node.items()
            if key not in ("$defs", "definitions")
        }
