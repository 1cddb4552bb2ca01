"""What a tool is: a name, a description, a model of its arguments, and what it does; must not know which tools exist."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec
import pydantic
from pydantic.json_schema import GenerateJsonSchema

from engine.model.types import ToolSpec
from engine.tools.observation import Divide, Escalate, Finish
from engine.tools.workbench import Workbench

PathText = Annotated[
    str, pydantic.Field(min_length=1, description="Relative to the top of the worktree, such as src/app.py.")
]


class Arguments(pydantic.BaseModel):
    """The arguments of a tool as a model sends them: unknown names are refused, `"60"` passes for 60."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


A = TypeVar("A", bound=pydantic.BaseModel)
Outcome = str | Finish | Escalate | Divide


@dataclass(frozen=True)
class Tool:
    """One thing a worker can do. `execute` validates the JSON text of the arguments first.

    It raises pydantic.ValidationError, CallRefused and OSError; the registry turns them into answers.
    """

    name: str
    description: str
    parameters: bytes
    execute: Callable[[Workbench, bytes], Awaitable[Outcome]]

    @classmethod
    def of(cls, name: str, arguments: type[A], run: Callable[[Workbench, A], Awaitable[Outcome]]) -> Tool:
        """A tool whose description is the arguments model's docstring, and whose schema is the model's."""

        async def execute(bench: Workbench, text: bytes) -> Outcome:
            return await run(bench, arguments.model_validate_json(text))

        description = " ".join((inspect.getdoc(arguments) or name).split())
        return cls(name, description, json_schema(arguments), execute)

    @property
    def spec(self) -> ToolSpec:
        """The tool as it is offered to a model."""
        return ToolSpec(name=self.name, description=self.description, parameters=self.parameters)


def not_accepted(name: str, faults: Iterable[str], parameters: bytes) -> str:
    """What a model is told whose arguments have faults, a line each, and which arguments the tool takes."""
    schema = msgspec.json.decode(parameters, type=_Parameters)
    names = [f"{each}{'' if each in schema.required else ' (optional)'}" for each in schema.properties]
    takes = f"{name} takes: {', '.join(names) or 'nothing'}."
    return "\n".join((f"The arguments of {name} were not accepted; nothing was done.", *faults, takes))


class _Parameters(msgspec.Struct, frozen=True):
    properties: dict[str, msgspec.Raw]
    required: tuple[str, ...] = ()


def blocking(run: Callable[[Workbench, A], Outcome]) -> Callable[[Workbench, A], Awaitable[Outcome]]:
    """The same work, done in a thread: for tools that wait on the disk."""

    async def run_in_thread(bench: Workbench, arguments: A) -> Outcome:
        return await asyncio.to_thread(run, bench, arguments)

    return run_in_thread


class _PlainSchema(GenerateJsonSchema):
    """Schemas without generated titles, which cost tokens and say nothing."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's hook
        return False


def json_schema(model: type[pydantic.BaseModel]) -> bytes:
    """The model's JSON schema as JSON, references resolved in place: weak models read a flat schema better."""
    schema: object = model.model_json_schema(schema_generator=_PlainSchema)
    definitions = schema.get("$defs", {}) if isinstance(schema, dict) else {}
    flat = _resolved(schema, definitions if isinstance(definitions, dict) else {})
    if isinstance(flat, dict):
        for noise in ("title", "description", "$defs"):
            flat.pop(noise, None)
    return msgspec.json.encode(flat)


def _resolved(node: object, definitions: dict[str, object]) -> object:
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        target = _resolved(definitions[reference.removeprefix("#/$defs/")], definitions)
        return {key: value for key, value in target.items() if key != "title"} if isinstance(target, dict) else target
    return {key: _resolved(value, definitions) for key, value in node.items() if key != "$defs"}
