"""The page's own tables of words and forms, held to the core's closed sets: a choice that the page forgot can't be clicked."""

import re
from pathlib import Path
from typing import get_args

import pytest

import adapters.web
from engine.core.entities import Choice, Dependents

JS = Path(adapters.web.__file__).parent / "static" / "js"


def keys_of(file: str, table: str) -> set[str]:
    """The names of the table's rows in the script."""
    found = re.search(
        rf"^(?:export )?const {table} = \{{\n(.*?)^\}};", (JS / file).read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None, f"{file} has no table {table}"
    return set(re.findall(r"^  (\w+):", found[1], re.MULTILINE))


def members_of(typedef: str) -> set[str]:
    """The words of a closed set in types.js."""
    found = re.search(rf'@typedef \{{((?:"\w+"\|?)+)\}} {typedef} ', (JS / "types.js").read_text("utf-8"))
    assert found is not None, f"types.js has no {typedef}"
    return set(re.findall(r"\w+", found[1]))


@pytest.mark.parametrize(
    "named",
    [keys_of("decision.js", "FORMS"), keys_of("words.js", "CHOICES"), members_of("Choice")],
    ids=["forms", "words", "type"],
)
def test_the_page_knows_every_choice_of_the_core(named: set[str]) -> None:
    assert named == set(get_args(Choice))


def test_the_page_knows_what_may_become_of_dependents() -> None:
    assert keys_of("words.js", "DEPENDENTS") == members_of("Dependents") == set(get_args(Dependents))
