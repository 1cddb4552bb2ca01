"""What is known of models: the table holds together, agrees with litellm's list, and a user's word is weightier."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from adapters.llm.catalog import Profile, catalog
from adapters.llm.litellm_model import LitellmConfig, LitellmModel
from engine.model.budget import Price
from engine.model.types import Window

T = TypeVar("T")
MINE = Profile(input=1.0, output=2.0, context=8_000)


def asked(story: Callable[[LitellmModel], Awaitable[T]], **profiles: Profile) -> T:
    async def run() -> T:
        named = {name.replace("__", "/").replace("_", "-"): profile for name, profile in profiles.items()}
        model = LitellmModel(LitellmConfig(api_base="http://127.0.0.1:1/v1", api_key="x", profiles=named))
        try:
            return await story(model)
        finally:
            await model.aclose()

    return asyncio.run(run())


def test_every_row_has_a_price_limits_and_abilities_and_the_table_says_whence():
    table = catalog()
    assert "litellm" in table.source
    assert table.as_of.startswith("20")
    for name, row in table.models.items():
        assert "/" in name
        assert row.input is not None and row.output is not None and row.context and row.max_output, name  # noqa: PT018 - one row
        assert row.tools is not None, name


def test_our_rows_agree_with_the_list_that_they_are_said_to_be_from():
    async def story(model: LitellmModel) -> list[str]:
        wrong = []
        for name, row in catalog().models.items():
            price = await model.price_of(name)
            # The list's highest tier is the bound; a row is the first tier.
            if price is None or price.usd_per_prompt_token * 1e6 < (row.input or 0) - 1e-9:
                wrong.append(name)
        return wrong

    assert asked(story) == []


def test_a_model_that_only_the_user_knows_has_the_users_price_and_limits():
    async def story(model: LitellmModel) -> tuple[Price | None, Price | None, Profile]:
        return (
            await model.price_of("openai/priced"),
            await model.price_of("openai/nobody-knows"),
            await model.profile_of("openai/priced"),
        )

    mine, unknown, profile = asked(story, openai__priced=MINE)
    assert mine == Price(1e-6, 2e-6)
    assert unknown is None
    assert profile.context == 8_000


@pytest.mark.parametrize(
    ("profile", "codec"),
    [
        (Profile(), "native"),
        (Profile(tools=True, schema=True), "native"),
        (Profile(tools=False, schema=True), "schema"),
        (Profile(tools=False), "fenced"),
        (Profile(tools=True, codec="fenced"), "fenced"),
    ],
)
def test_the_codec_follows_the_abilities_unless_it_is_named(profile: Profile, codec: str):
    assert profile.best_codec == codec


def test_the_setting_holds_for_models_whose_profile_names_no_codec():
    async def story() -> list[str]:
        config = LitellmConfig(api_key="x", profiles={"openai/b": Profile(codec="schema")}, codec="fenced")
        model = LitellmModel(config)
        return [await model.codec_of(name) for name in ("openai/a", "openai/b")]

    assert asyncio.run(story()) == ["fenced", "schema"]


def test_the_key_for_one_provider_is_sent_to_no_other():
    config = LitellmConfig(api_base="http://127.0.0.1:1/v1", api_key="sk-mine", provider="openai")
    model = LitellmModel(config)
    routes = [model._route(name) for name in ("openai/a", "anthropic/b")]
    assert [(route.api_base, route.api_key) for route in routes] == [("http://127.0.0.1:1/v1", "sk-mine"), ("", "")]


def test_the_window_is_what_was_configured_then_what_is_known():
    async def story(model: LitellmModel) -> list[Window]:
        return [
            await model.window_of(name) for name in ("openai/priced", "anthropic/claude-sonnet-4-5", "openai/nobody")
        ]

    mine, known, unknown = asked(story, openai__priced=MINE)
    assert mine == Window(8_000)
    assert (known.context or 0) >= 200_000
    assert unknown == Window()
