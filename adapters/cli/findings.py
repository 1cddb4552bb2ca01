"""What a check prints, and the settings that it needs. Must not know any chat."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from adapters.cli import output
from adapters.cli.folder import root_of
from adapters.finding import Finding
from adapters.settings import load_settings
from bot.people import PeopleRules
from engine.workspace.repository import Repository


def rules_of(repo: Path) -> PeopleRules | None:
    """Who may do what where, as the branch that is checked out says; None where nobody said.

    Raises: BadSettings, NotARepository, NoCommits.
    """
    repository = Repository.open(root_of(repo))
    return load_settings(repository, repository.branch_tip(repository.current_branch() or ""), {}).people


def tell(findings: Sequence[Finding], *, as_json: bool) -> int:
    """Print them; the exit code is 0 when all is well."""
    if as_json:
        output.say_json(msgspec.to_builtins(findings))
    for found in () if as_json else findings:
        style = "" if found.is_ok else "bold"
        output.say(f"{'ok' if found.is_ok else '!!'}  {found.about}: {found.sentence}", style)
    return 0 if all(found.is_ok for found in findings) else 1
