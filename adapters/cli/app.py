"""The commands of `orch` put together. Must stay light: what a command needs is imported when it is called."""

import typer

from adapters.cli import (
    discord_commands,
    history_commands,
    order_commands,
    proof_commands,
    read_commands,
    run_commands,
    slack_commands,
    sync_commands,
    up_command,
    upkeep_command,
)

_EXAMPLES = 'orch start "make the failing tests pass"    ·    orch status    ·    orch decide D1 retry'

app = typer.Typer(
    name="orch",
    help="Crews of LLM agents on a git repository: from an objective to proven, merged work.",
    epilog=_EXAMPLES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
PARTS = (
    run_commands, up_command, read_commands, history_commands, order_commands, proof_commands, upkeep_command, sync_commands,
    slack_commands, discord_commands,
)  # fmt: skip
for part in PARTS:
    part.register(app)
