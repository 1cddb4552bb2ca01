"""Writes the golden renderings anew: `python -m tests.golden.update`; then read the diff before you commit it."""

from __future__ import annotations

import json
from pathlib import Path

from adapters.discord.forms import modal_payload
from adapters.discord.render import message_payload
from adapters.discord.tree import command_tree
from adapters.slack.forms import modal_payload as slack_modal
from adapters.slack.render import message_payload as slack_message
from tests.adapters.discord.samples import FORMS, MESSAGES
from tests.engine.crew.briefs import BRIEFS, rendering

PROMPTS = Path(__file__).parent / "prompts"
DISCORD = Path(__file__).parent / "discord"
SLACK = Path(__file__).parent / "slack"


def update_prompts() -> None:
    """Write one file a role into `prompts/`."""
    PROMPTS.mkdir(exist_ok=True)
    for name in BRIEFS:
        (PROMPTS / f"{name}.md").write_text(rendering(name), "utf-8")


def update_discord() -> None:
    """Write one file a message, a form, and the commands into `discord/`."""
    payloads: dict[str, object] = {name: message_payload(message) for name, message in MESSAGES.items()}
    payloads |= {f"form-{name}": modal_payload(form) for name, form in FORMS.items()}
    _write(DISCORD, {**payloads, "commands": command_tree()})


def update_slack() -> None:
    """Write one file a message and a form into `slack/`."""
    payloads: dict[str, object] = {name: slack_message(message) for name, message in MESSAGES.items()}
    payloads |= {f"form-{name}": slack_modal(form, "C1", "1.2") for name, form in FORMS.items()}
    _write(SLACK, payloads)


def _write(folder: Path, payloads: dict[str, object]) -> None:
    folder.mkdir(exist_ok=True)
    for name, payload in payloads.items():
        text = json.dumps(payload, indent=1, ensure_ascii=False, sort_keys=True)
        (folder / f"{name}.json").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    update_prompts()
    update_discord()
    update_slack()
