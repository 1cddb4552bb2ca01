"""Two runs side by side, each now or at an earlier moment, with the git command that shows the files' differences."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from adapters.cli import output
from adapters.cli.folder import root_of, typed_here
from adapters.cli.moments import Moment, commit_with_files, moment_of, split_moment
from adapters.cli.names import run_of
from bot.comparison import Comparison, Fact, TaskPair, compare
from bot.replies import comparison as words
from bot.replies import history as say
from engine.core.ids import RunId
from engine.history import diff_command
from engine.store.layout import run_folder


def diff(repo: Path, before: str, after: str, as_json: bool) -> None:
    """What two runs have in common and where they differ."""
    root = root_of(repo)
    sides = [_side(root, typed) for typed in (before, after)]
    (then, first), (now, second) = sides
    found = compare((then.board, first), (now.board, second))
    places = [(commit_with_files(root, moment, run), run_folder(run)) for moment, run in sides]
    command = typed_here(diff_command(*places), root)
    if as_json:
        output.say_json({"runs": [before, after], "facts": found.facts, "tasks": found.tasks, "git": command})
        return
    output.show(_facts(found, before, after))
    same = [fact.name for fact in found.facts if fact.is_same]
    if same:
        output.say(words.same_facts(same), style="dim")
    if found.tasks:
        output.say("")
        output.say(words.tasks_title(), style="bold")
        output.show(_tasks(found.tasks))
    output.say("")
    output.say(say.same_with_git(command), style="dim")


def _side(root: Path, typed: str) -> tuple[Moment, RunId]:
    name, seq = split_moment(typed)
    moment = moment_of(root, seq)
    return moment, run_of(moment.board, name)


def _facts(found: Comparison, before: str, after: str) -> Table:
    table = _columns()
    table.add_row(Text(""), Text(before, style="bold"), Text(after, style="bold"))
    for fact in found.facts:
        if not fact.is_same:
            _add(table, fact)
    return table


def _add(table: Table, fact: Fact) -> None:
    table.add_row(Text(fact.name, style="dim"), Text(fact.before or "–"), Text(fact.after or "–"))


def _tasks(pairs: tuple[TaskPair, ...]) -> Table:
    table = _columns()
    for pair in pairs:
        style = "dim" if pair.was == pair.is_now else ""
        cells = [
            f"{name} {word}" if name else "–" for name, word in ((pair.before, pair.was), (pair.after, pair.is_now))
        ]
        table.add_row(Text(pair.title, style=style), *(Text(cell, style=style) for cell in cells))
    return table


def _columns() -> Table:
    table = Table.grid(expand=True, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(ratio=1, overflow="fold")
    return table
