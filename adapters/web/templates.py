"""Objectives that people often begin with, for the form of a new run. Must not know how a run is started."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec


class Template(msgspec.Struct, frozen=True):
    """`text` comes before what the person adds."""

    name: str
    title: str
    text: str


TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType(
    {
        template.name: template
        for template in (
            Template(
                "repair",
                "Make the failing tests pass",
                "Make the failing tests pass. Correct the code, not the tests, and say for each what was wrong.",
            ),
            Template(
                "feature",
                "Build a feature",
                "Build the feature that is described below, with tests for what it promises and for its edges, and a paragraph "
                "in the documentation.",
            ),
            Template(
                "cover",
                "Test what is not tested",
                "Find the behaviour that no test holds, and write tests for it. Change no behaviour; report what looks wrong.",
            ),
            Template(
                "tidy",
                "Make it easier to read",
                "Make the code that is named below easier to read without changing what it does; every test stays as it is.",
            ),
        )
    }
)
