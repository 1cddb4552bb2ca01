"""Looks at everything that orch needs, part by part: each check says how its part is, and what to do. Must not change anything.

A new check is a function from Surroundings to a Finding, and an entry in CHECKS.
"""

import asyncio
import platform
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, Literal

import msgspec
import pygit2

from adapters.cli import output
from adapters.cli.folder import root_of
from adapters.control import NoEngine, ask_health
from adapters.llm.litellm_model import LitellmConfig, LitellmModel
from adapters.settings import FILE, BadSettings, Settings, load_discord, load_slack
from adapters.wiring import PILOT, client_config, model_of, named_models, read_log, read_settings
from bot.port import Health
from bot.replies import doctor as say
from bot.text import one_line
from engine.cell.sandbox import probe
from engine.recovery import load_board
from engine.service import CannotStart
from engine.store.errors import StoreError
from engine.store.layout import BrokenFile
from engine.store.lock import EngineLock, Holder
from engine.workspace.git import GitError, run_git
from engine.workspace.repository import Repository, UnknownCommit

State = Literal["ok", "note", "wrong"]
OLDEST_GIT: Final = (2, 38)
_LITTLE_BYTES, _TOO_LITTLE_BYTES = 2_000_000_000, 200_000_000


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one part is. `note` is worth knowing and stops nothing; `facts` are for programs."""

    name: str
    state: State
    says: str
    remedy: str = ""
    facts: Mapping[str, object] = {}


class Surroundings(msgspec.Struct, frozen=True):
    """What the checks look at; `settings` is a reason where they can't be read."""

    root: Path
    repository: Repository
    settings: Settings | str
    holder: Holder | None


Check = Callable[[Surroundings], Finding]


def doctor(repo: Path, as_json: bool) -> int:
    """0 when nothing is wrong, 1 otherwise; every part is printed.

    Raises: NotARepository, NoCommits.
    """
    root = root_of(repo)
    around = Surroundings(root, Repository.open(root, on_a_branch=False), _settings_of(root), EngineLock.holder(root))
    findings = [check(around) for check in CHECKS]
    wrong = sum(1 for finding in findings if finding.state == "wrong")
    if as_json:
        output.say_json({"is_well": not wrong, "findings": findings})
    else:
        _print(findings, wrong)
    return 1 if wrong else 0


def _print(findings: Sequence[Finding], wrong: int) -> None:
    styles: Mapping[State, str] = {"ok": "", "note": "yellow", "wrong": "red"}
    for finding in findings:
        output.say(say.line(finding.state, finding.name, one_line(finding.says)), style=styles[finding.state])
        if finding.remedy:
            output.say(say.remedy(one_line(finding.remedy)))
    output.say(say.outcome(wrong))


def _settings_of(root: Path) -> Settings | str:
    try:
        return read_settings(root)
    except (BadSettings, UnknownCommit, pygit2.GitError) as error:
        return str(error)


def check_python(_: Surroundings) -> Finding:
    """Which Python runs orch; an older one could not have come so far."""
    facts = {"version": platform.python_version(), "executable": sys.executable}
    return Finding("python", "ok", say.python(facts["version"], sys.executable), facts=facts)


def check_git(around: Surroundings) -> Finding:
    """Git is there, and not too old for upkeep (`--geometric` with kept packs)."""
    remedy = say.get_newer_git(".".join(map(str, OLDEST_GIT)))
    try:
        said = run_git("version", git_dir=around.repository.git_dir).stdout.decode("utf-8", "replace").strip()
    except GitError as error:
        return Finding("git", "wrong", str(error), remedy)
    found = re.search(r"([0-9]+)\.([0-9]+)", said)
    is_new = found is not None and (int(found[1]), int(found[2])) >= OLDEST_GIT
    return Finding("git", "ok" if is_new else "wrong", said, "" if is_new else remedy, {"version": said})


def check_repository(around: Surroundings) -> Finding:
    """Where work would begin."""
    branch = around.repository.current_branch()
    facts = {"path": str(around.root), "branch": branch}
    remedy = "" if branch else say.switch_branch()
    return Finding(
        "repository", "ok" if branch else "note", say.repository(str(around.root), branch or ""), remedy, facts
    )


def check_disk(around: Surroundings) -> Finding:
    """Room for worktrees and history."""
    free = shutil.disk_usage(around.repository.git_dir).free
    state: State = "ok" if free >= _LITTLE_BYTES else "note" if free >= _TOO_LITTLE_BYTES else "wrong"
    return Finding("disk", state, say.disk(free), "" if state == "ok" else say.free_disk(), {"free_bytes": free})


def check_sandbox(around: Surroundings) -> Finding:
    """What commands of agents would run in."""
    level = probe()
    wanted = around.settings.sandbox if isinstance(around.settings, Settings) else "auto"
    facts = {"available": level, "wanted": wanted}
    words = say.sandbox(level, wanted)
    if wanted == "none" or level == "bubblewrap":
        return Finding("sandbox", "ok" if wanted != "none" else "note", words, facts=facts)
    if level == "none":
        return Finding("sandbox", "wrong", words, say.no_sandbox(), facts)
    return Finding("sandbox", "note", words, say.better_sandbox(), facts)


def check_settings(around: Surroundings) -> Finding:
    """The file and the environment can be read."""
    if isinstance(around.settings, str):
        return Finding("settings", "wrong", around.settings)
    is_there = around.repository.read_file(around.repository.head(), FILE) is not None
    return Finding("settings", "ok", say.settings(FILE, is_there), facts={"file": is_there})


def check_models(around: Surroundings) -> Finding:
    """Every model that a run may call can be called, as far as that is known without a call."""
    if isinstance(around.settings, str):
        return Finding("models", "note", "-")
    try:
        default = model_of(around.settings)
    except CannotStart as error:
        return Finding("models", "wrong", str(error))
    names = named_models(around.settings, default)
    problems = asyncio.run(_problems(client_config(around.settings, default, {}), names))
    facts = {"models": names, "problems": problems}
    if problems:
        return Finding("models", "wrong", "; ".join(problems.values()), facts=facts)
    is_pilot = names == (PILOT,)
    return Finding(
        "models", "note" if is_pilot else "ok", say.models(names), say.pilot_only() if is_pilot else "", facts
    )


async def _problems(config: LitellmConfig, names: Sequence[str]) -> dict[str, str]:
    models = LitellmModel(config)
    try:
        found = {name: await models.problem_with(name) for name in names if name != PILOT}
    finally:
        await models.aclose()
    return {name: problem for name, problem in found.items() if problem}


def check_state_branch(around: Surroundings) -> Finding:
    """Whether this version knows all that is on the branch, how big that is for a clone, and whether it wants tending."""
    try:
        with closing(read_log(around.root)) as log:
            load_board(log)
            sizes, is_there, is_due = log.upkeep.sizes(), log.tip() is not None, log.is_tending_due()
    except (StoreError, BrokenFile) as error:
        return Finding("state branch", "wrong", str(error))
    facts = msgspec.to_builtins(sizes)
    if not is_there:
        return Finding("state branch", "ok", say.no_state_branch(), facts=facts)
    words = say.state_branch(sizes.branch_bytes, sizes.packs, sizes.epochs, sizes.is_graph_written)
    wants = is_due and around.holder is None
    return Finding("state branch", "note" if wants else "ok", words, say.tend() if wants else "", facts)


def check_mirror(around: Surroundings) -> Finding:
    """Where the branch is pushed to, if anywhere, and whether there is such a remote."""
    place = around.settings.state_place if isinstance(around.settings, Settings) else None
    if place is None:
        return Finding("mirror", "ok", say.no_mirror())
    is_there = place.remote in set(around.repository.handle().remotes.names())
    facts = {"remote": place.remote, "ref": place.ref}
    remedy = "" if is_there else say.add_remote(place.remote)
    return Finding("mirror", "ok" if is_there else "wrong", say.mirror(place.remote, place.ref), remedy, facts)


def check_engine(around: Surroundings) -> Finding:
    """Who holds the repository."""
    holder = around.holder
    if holder is None:
        return Finding("engine", "ok", say.engine_rests(), facts={"holder": None})
    facts = {"holder": msgspec.to_builtins(holder)}
    return Finding("engine", "ok", say.engine_holds(holder.pid, holder.host, holder.since_ms), facts=facts)


def check_chats(around: Surroundings) -> Finding:
    """Which chats are configured, and how a running engine says they are."""
    try:
        configured = {"discord": load_discord(), "slack": load_slack()}
    except BadSettings as error:
        return Finding("chats", "wrong", str(error))
    names = ["console", *(name for name, found in configured.items() if found is not None)]
    healths: dict[str, Health] = {}
    if around.holder is not None:
        try:
            healths = asyncio.run(ask_health(around.root))
        except NoEngine as error:
            return Finding("chats", "note", say.engine_is_silent(str(error)), facts={"chats": names})
    told = {name: say.health(health.is_up, health.detail) for name, health in healths.items()}
    names = list(dict.fromkeys((*names, *healths)))
    is_well = all(health.is_up for health in healths.values())
    facts = {"chats": names, "healths": {name: msgspec.to_builtins(health) for name, health in healths.items()}}
    return Finding(
        "chats", "ok" if is_well else "wrong", say.chats(names, told), "" if is_well else say.look_at_chat(), facts
    )


CHECKS: Final[tuple[Check, ...]] = (
    check_python, check_git, check_repository, check_disk, check_sandbox, check_settings, check_models, check_state_branch,
    check_mirror,
    check_engine, check_chats,
)  # fmt: skip
