"""What was sent is written down for whoever wants to check it, and no secret with it."""

import asyncio
import json
import stat
from pathlib import Path

from adapters.record import Recorder
from bot.messages import Notice
from bot.port import Place
from engine.redaction import Redactor
from tests.adapters.discord.rest_fake import CHANNEL as ON_DISCORD
from tests.adapters.discord.rest_fake import GUILD, InMemory
from tests.adapters.slack import api_fake

SECRET = "hunter2-hunter2"


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_each_call_is_a_line_without_secrets(tmp_path: Path):
    path = tmp_path / "sent.jsonl"
    recorder = Recorder(path, Redactor((SECRET,)).text)
    payload = {
        "text": f"the word is {SECRET}",
        "trigger_id": "1.2.abc",
        "blocks": [{"n": 1, "file": b"png"}],
        "on": True,
    }
    asyncio.run(recorder.write("slack", "views.open", payload))
    asyncio.run(recorder.write("discord", "GET /users/@me", None))
    first, second = _lines(path)
    assert first == {
        "chat": "slack", "call": "views.open",
        "payload": {
            "text": "the word is [redacted]", "trigger_id": "[redacted]", "blocks": [{"n": 1, "file": "3 bytes"}], "on": True,
        },
    }  # fmt: skip
    assert second == {"chat": "discord", "call": "GET /users/@me", "payload": None}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_slack_records_what_it_says(tmp_path: Path):
    async def main() -> None:
        world = api_fake.InMemory()
        api = world.api()
        api.record = Recorder(tmp_path / "sent.jsonl", lambda text: text)
        await api.write("chat.postMessage", {"channel": api_fake.CHANNEL, "text": "x", "blocks": []})
        await api.respond("https://hooks.example/secret", {"text": "y"})

    asyncio.run(main())
    assert _lines(tmp_path / "sent.jsonl") == [
        {"chat": "slack", "call": "chat.postMessage", "payload": {"channel": "C1", "text": "x", "blocks": []}},
        {"chat": "slack", "call": "response_url", "payload": {"text": "y"}},
    ]


def test_discord_records_what_it_says(tmp_path: Path):
    async def main() -> None:
        from adapters.discord.answers import Answers
        from adapters.discord.chat import DiscordChat

        world = InMemory()
        rest = world.rest()
        rest.record = Recorder(tmp_path / "sent.jsonl", lambda text: text)
        chat = DiscordChat(rest, Answers(rest), lambda: world.now_ms)
        await chat.open_thread(Place("discord", GUILD, ON_DISCORD), Notice("x"), "k1")

    asyncio.run(main())
    calls = [line["call"] for line in _lines(tmp_path / "sent.jsonl")]
    assert "POST /channels/{channel_id}/messages" in calls
    assert all("{" in str(call) for call in calls)
