"""What the tests of tools share: a workbench in a folder, and calls with plain arguments."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from pathlib import Path

import pydantic

from engine.model.types import ToolCall
from engine.tools.observation import Observation
from engine.tools.registry import TOOLS, Toolbox
from engine.tools.workbench import Workbench
from tests.fakes.cell import FolderCell


class Done(pydantic.BaseModel):
    """End."""

    summary: str = pydantic.Field(min_length=1)


TOOLBOX = Toolbox(tuple(TOOLS), Done)


def make_bench(
    root: Path, test_command: str = "", protected: tuple[str, ...] = (), is_repository: bool = True
) -> Workbench:
    root.mkdir(parents=True, exist_ok=True)
    if is_repository:
        subprocess.run(["git", "init", "-q", str(root)], check=True)
    return Workbench(root=root, cell=FolderCell(root), test_command=test_command, protected=protected)


def call(bench: Workbench, name: str, /, **arguments: object) -> Observation:
    return call_raw(bench, name, json.dumps(arguments))


def call_raw(bench: Workbench, name: str, arguments: str) -> Observation:
    return asyncio.run(TOOLBOX.call(bench, ToolCall(id="c", name=name, arguments=arguments)))


def refused(bench: Workbench, name: str, /, **arguments: object) -> str:
    """The sentence of a call that must be refused."""
    observation = call(bench, name, **arguments)
    assert not observation.ok, observation.text
    assert observation.text.startswith("ERROR: ")
    return observation.text


def done(bench: Workbench, name: str, /, **arguments: object) -> str:
    """The text of a call that must be done."""
    observation = call(bench, name, **arguments)
    assert observation.ok, observation.text
    return observation.text


def shown(bench: Workbench, name: str, /, **arguments: object) -> str:
    """The text of a call that must be done, without the fences in it."""
    return unfenced(done(bench, name, **arguments))


def unfenced(text: str) -> str:
    """The text without the lines that open and close fences."""
    return "\n".join(line for line in text.split("\n") if not re.fullmatch(r"`{3,}\w*", line))
