"""What a role is: its prompt, its tools, its result; must not know any particular role."""

from __future__ import annotations

from importlib.resources import files

import msgspec
import pydantic

from engine.core.entities import RoleName
from engine.crew.touching import Touches


class Role(msgspec.Struct, frozen=True):
    """A member of the crew. `prompts` are files of this folder, joined in order: its own first, then what it shares.

    `tools` are names in the tool registry; the tool `finish` is always there and takes the model `finish`. Those in `more`
    are offered only when they are asked for (`more_tools`), so that the list a model reads each turn stays short.
    `touches` says which files it may change; the engine refuses the others, whatever tool made them.
    `does` and `brings` (its result) are for people.
    """

    name: RoleName
    prompts: tuple[str, ...]
    tools: tuple[str, ...]
    finish: type[pydantic.BaseModel]
    does: str
    brings: str
    more: tuple[str, ...] = ()
    touches: Touches = "nothing"

    @property
    def system_prompt(self) -> str:
        """The system message; its first line is `You are the <role> of orch.`"""
        folder = files("engine.crew")
        return "\n".join(folder.joinpath(name).read_text("utf-8") for name in self.prompts)
