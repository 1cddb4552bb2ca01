"""The engine is what the bot needs it to be; a type checker holds the two to each other."""

from bot.desk import EngineSeen
from engine.service import Engine


def test_the_engine_takes_the_bots_orders():
    def seen(engine: Engine) -> EngineSeen:
        return engine

    assert seen.__annotations__["return"] is EngineSeen
