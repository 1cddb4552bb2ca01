"""The kinds of values that settings have, and the sentence for one that is wrong."""

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.core import limits

FROZEN: Final = ConfigDict(frozen=True, extra="forbid")

Name = Annotated[str, Field(min_length=1, max_length=200)]
Workers = Annotated[int, Field(ge=1, le=64)]
Retries = Annotated[int, Field(ge=0, le=limits.MAX_RETRIES)]
Usd = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tokens = Annotated[int, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65_535)]
"""0 lets the system choose."""
Million = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""US dollars for a million tokens."""

Codec = Literal["native", "schema", "fenced"]
Sandbox = Literal["auto", "bubblewrap", "landlock", "none"]


class BadSettings(Exception):
    """A setting is unknown or has a value it can't have; the message names it, where it stands, and what is possible."""


def said(source: BaseModel, names: tuple[str, ...]) -> dict[str, object]:
    """The values of the source that were given."""
    values = {name: getattr(source, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def sentence(
    error: ValidationError,
    kind: type[BaseModel],
    where: str,
    shape: str = "{}",
    tables: Mapping[str, type[BaseModel]] = MappingProxyType({}),
) -> str:
    """The first fault as a sentence: which setting, what was found, what is possible; `tables` are those below `kind`."""
    fault = error.errors()[0]
    path = [str(part) for part in fault["loc"]]
    name = shape.format(".".join(path)).upper() if shape != "{}" else ".".join(path)
    if fault["type"] == "extra_forbidden":
        known = _keys_at(kind, path[:-1], tables)
        near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
        remedy = f"did you mean {near[0]!r}?" if near else f"possible here: {', '.join(known)}"
        return f"{where} has an unknown setting {name!r}; {remedy}"
    found = "" if fault["type"] == "missing" else f", found {fault['input']!r}"
    return f"{where}: {name} is wrong ({fault['msg'].lower()}{found}); correct it"


def _keys_at(kind: type[BaseModel], path: list[str], tables: Mapping[str, type[BaseModel]]) -> list[str]:
    """The keys that are possible below a path."""
    return sorted((tables.get(path[0], kind) if path else kind).model_fields)
