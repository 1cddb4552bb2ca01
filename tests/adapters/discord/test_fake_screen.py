"""What a person reads on Discord: its markup is gone, and what was escaped stands there as it was meant."""

import pytest

from tests.fakes.discord.asker import said
from tests.fakes.discord.screen import Button, buttons, read, shown_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** and *slanted* and __under__ and ~~gone~~", "bold and slanted and under and gone"),
        (r"\*\*not bold\*\*", "**not bold**"),
        ("### head\n-# small\n> said", "head\nsmall\nsaid"),
        (r"\### head" + "\n" + r"\- no bullet", "### head\n- no bullet"),
        ("- one\n- two", "• one\n• two"),
        ("```\n**as it is**\n```", "**as it is**"),
        ("a\n```py\nx = 1\n```\nb", "a\nx = 1\nb"),
        ("`*code*`", "*code*"),
        ("[the words](https://x.invalid/a)", "the words"),
        (r"\[the words](https://x.invalid/a)", "[the words](https://x.invalid/a)"),
        ("<@5> <@&6> <#7>", "@5 @6 #7"),
        (r"\<@5>", "<@5>"),
        ("a_name_here", "a_name_here"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        (r"**a \*\* b**", "a ** b"),
        ("||hidden||", "hidden"),
    ],
)
def test_markup_is_read_as_the_client_shows_it(text: str, shown: str):
    assert shown_text(text) == shown


def test_a_message_is_its_texts_and_its_buttons():
    message = said("**one**", "two", buttons=("go",))
    assert read(message) == "one\ntwo"
    assert buttons(message) == [Button("go", "go")]
