"""What is known of models without asking anybody: prices, limits and abilities, from `models.toml` beside this file."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from engine.model.codecs.codec import CodecName

_MILLION: Final = 1_000_000


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model: dollars for a million tokens, its limits in tokens, its abilities; None is what nobody said."""

    input: float | None = None
    output: float | None = None
    cached: float | None = None
    cache_write: float | None = None
    context: int | None = None
    max_output: int | None = None
    tools: bool | None = None
    schema: bool | None = None
    codec: CodecName | None = None

    def over(self, other: "Profile") -> "Profile":
        """This one, and the other where this one says nothing."""
        mine = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(other, **mine)

    @property
    def best_codec(self) -> CodecName:
        """How its tools are called: as was said, else by its abilities; a stranger is taken to have tools of its own."""
        if self.codec is not None:
            return self.codec
        if self.tools is not False:
            return "native"
        return "schema" if self.schema else "fenced"


class Catalog(msgspec.Struct, frozen=True):
    """The table, where its figures are from, and when they were read."""

    source: str
    as_of: str
    models: Mapping[str, Profile]


@cache
def catalog() -> Catalog:
    """The table that comes with this version."""
    content = resources.files(__package__).joinpath("models.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(content), Catalog)


def price_entry(profile: Profile) -> dict[str, Any]:
    """The profile in the words of litellm's price list; what is not known is left out."""
    money = {
        "input_cost_per_token": profile.input,
        "output_cost_per_token": profile.output,
        # What is not said of the cache costs as much as any other token: litellm would take it for free.
        "cache_read_input_token_cost": profile.input if profile.cached is None else profile.cached,
        "cache_creation_input_token_cost": profile.input if profile.cache_write is None else profile.cache_write,
    }
    entry: dict[str, Any] = {name: usd / _MILLION for name, usd in money.items() if usd is not None}
    limits = {"max_input_tokens": profile.context, "max_output_tokens": profile.max_output}
    return entry | {name: tokens for name, tokens in limits.items() if tokens is not None}
