"""The only place where the parts are put together: settings, log, sandbox, model, engine, and the socket for orders.

Everything opened here is closed here, in the opposite order, whatever ends the session: an error, Ctrl-C, SIGTERM.
"""

import asyncio
import hashlib
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from adapters.control import listening, socket_path
from adapters.llm.catalog import Profile
from adapters.llm.litellm_model import LitellmConfig, LitellmModel, Route
from adapters.origin import check_origin
from adapters.settings import FILE, Settings, cache_folder, config_folder, load_settings, secrets_of
from adapters.toolbelt import load_mcp_servers, secrets_of_servers, supply
from bot.port import Health
from engine.cell.sandbox import CellFactory, probe
from engine.cell.types import Level, NoSandbox
from engine.clock import SystemClock
from engine.core.blackboard import Blackboard
from engine.core.decide_people import refuse_objective
from engine.core.entities import GateSpec, RunConfig
from engine.gates.detect import detect, python_of
from engine.model.budget import Price
from engine.model.lanes import Rates
from engine.model.streamed import Stream, StreamedModel
from engine.options import Options
from engine.recovery import load_board
from engine.redaction import Redactor
from engine.service import CannotStart, Engine, Parts, RunRequest
from engine.store.errors import StoreError
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.store.upkeep import EPOCH_BYTES
from engine.sync import Sync
from engine.workspace.repository import Repository

PILOT: Final = "openai/pilot"
STATE_BRANCH: Final = "orch-state"
UNPRICED_TOKENS: Final = 5_000_000
"""The cap of a run whose model has no known price and whose asker named none; reaching it asks a person."""


class Session(msgspec.Struct, frozen=True):
    """An engine that runs, and what it runs with. `sandbox` is the level in force, `model` the default model's name.

    `settings` are those that the engine began with, from `orch.toml` and from `overrides`; a run has its own, see `request_for`.
    """

    engine: Engine
    repository: Repository
    settings: Settings
    overrides: Mapping[str, object]
    sandbox: Level
    model: str
    is_pilot: bool
    models: LitellmModel
    stream: Stream
    healths: dict[str, Health] = {}
    """How each chat is, as it says by itself; for whoever asks the engine."""


@asynccontextmanager
async def open_session(
    repository_path: Path, *, overrides: Mapping[str, object] | None = None, base: str | None = None
) -> AsyncIterator[Session]:
    """The repository's one engine, running; `base` is the branch whose `orch.toml` holds, by default the current one.

    SIGTERM and SIGHUP cancel the task that opened the session, as Ctrl-C does.

    Raises: NotARepository, NoCommits, DetachedHead, UnknownBranch, BadSettings, NoSandbox, EngineRunning, CannotStart,
    MixedInstallation, NewerLog, BrokenLog, BrokenFile; then nothing was written.
    """
    check_origin()
    repository = Repository.open(repository_path)
    settings = load_settings(repository, repository.branch_tip(_branch(repository, base)), overrides or {})
    model = model_of(settings)
    servers = load_mcp_servers()
    sandbox, cells = _cells(settings)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        stack.enter_context(_cancelled_by_signals())
        door = socket_path(repository.git_dir)
        stack.enter_context(EngineLock(repository.git_dir, since_ms=clock.now_ms(), socket=door))
        log = GitLog.open(repository.git_dir, epoch_bytes=settings.epoch_bytes)
        stack.callback(log.close)
        log.clean_leftovers()
        log.write_ahead()
        board = load_board(log)
        models = await stack.enter_async_context(_models(settings, model))
        home = worktree_home(repository)
        redactor = Redactor((*secrets_of(settings), *secrets_of_servers(servers)))
        stream = Stream(redactor.text)
        extras = await stack.enter_async_context(supply(settings, servers, redactor.text))
        parts = Parts(
            repository=repository, log=log, model=StreamedModel(models, stream), price_of=models.price_of, codec_of=models.codec_of, window_of=models.window_of,
            cells=cells, clock=clock,
            options=_options(settings, model, home), home=home, redactor=redactor, supply=extras,
            mirror=Sync(repository, settings.state_place) if settings.state_place else None,
        )  # fmt: skip
        engine = await stack.enter_async_context(Engine(parts, board).running())
        healths: dict[str, Health] = {}
        await stack.enter_async_context(listening(engine, stream, door, healths))
        yield Session(
            engine, repository, settings, overrides or {}, sandbox, model, model == PILOT, models, stream, healths
        )


async def request_for(
    session: Session, objective: str, *, base: str | None = None, by: str, dedupe: str = "",
    wishes: Mapping[str, object] | None = None,
) -> RunRequest:  # fmt: skip
    """What the engine is to be asked for, with every part of it checked; `base` is the target branch.

    The run's limits and steps are those of `orch.toml` at the tip of that branch, then of the environment, of what the engine was
    begun with, and of `wishes`; each stronger than the one before. Models and the sandbox are the engine's.

    Raises: CannotStart, UnknownBranch, BadSettings; nothing was written.
    """
    repository = session.repository
    if (refusal := refuse_objective(objective)) is not None:
        raise CannotStart(refusal.reason)
    branch = _branch(repository, base)
    tip = repository.branch_tip(branch)
    await asyncio.to_thread(_refuse_dirty, repository, branch)
    said = {name: value for name, value in (wishes or {}).items() if value is not None}
    settings = await asyncio.to_thread(load_settings, repository, tip, {**session.overrides, **said})
    budget_tokens = await _checked_budget(session, settings)
    gates, origin = await asyncio.to_thread(_gates, repository, tip, settings)
    config = RunConfig(
        model=session.model,
        max_workers=settings.max_workers,
        workers_of=settings.workers,
        max_retries=settings.max_retries,
        budget_usd=settings.budget_usd,
        budget_tokens=budget_tokens,
        sandbox=session.sandbox,
        gates_from=origin,
        task_budget_usd=settings.task_budget_usd,
        task_budget_tokens=settings.task_budget_tokens,
        plan_first=settings.plan_first,
        joins_plans=True,
        acceptance=settings.acceptance and session.settings.models.get("strategist", session.model) != PILOT,
        # The pilot has one plan and no other.
        ladder=settings.ladder if session.settings.models.get("planner", session.model) != PILOT else (),
        stronger_model=session.settings.stronger_model,
        guardian_turns=settings.guardian_turns,
        guardian_seconds=settings.guardian_seconds,
    )
    return RunRequest(objective.strip(), branch, tip, config, gates, by, dedupe)


def read_log(path: Path, epoch_bytes: int = EPOCH_BYTES) -> GitLog:
    """The state branch of the repository that `path` lies in, for reading; close it. What a killed engine left durable but
    unpublished is published first, where that is possible.

    Raises: NotARepository, NoCommits, RepositoryUnusable.
    """
    git_dir = Repository.open(path, on_a_branch=False).git_dir
    log = GitLog.open(git_dir, epoch_bytes=epoch_bytes)
    holder = EngineLock.holder(git_dir)
    # An engine publishes for itself; another command that is at it is waited for.
    if (holder is None or not holder.socket) and log.has_leftovers():
        with suppress(StoreError, OSError), EngineLock(git_dir, since_ms=SystemClock().now_ms()):
            log.clean_leftovers()
    return log


def read_board(path: Path) -> Blackboard:
    """The board as the state branch has it now; needs no engine and disturbs none.

    Raises: as `read_log`; BrokenLog, BrokenFile, NewerLog.
    """
    log = read_log(path)
    try:
        return load_board(log)
    finally:
        log.close()


def read_settings(path: Path) -> Settings:
    """The settings that hold for what is checked out.

    Raises: as `read_log`; BadSettings.
    """
    repository = Repository.open(path, on_a_branch=False)
    return load_settings(repository, repository.head(), {})


def _branch(repository: Repository, name: str | None) -> str:
    branch = name or repository.current_branch() or ""
    if branch == STATE_BRANCH or branch.startswith("orch/"):
        raise CannotStart(f"{branch} is a branch of orch's own; name one of yours with --base")
    return branch


def model_of(settings: Settings) -> str:
    """The model that roles think with where none is named for them.

    Raises: CannotStart.
    """
    if settings.model:
        return settings.model
    if settings.api_base or settings.api_key:
        raise CannotStart(
            f"ORCH_API_BASE or ORCH_API_KEY is set, but no model is named: set ORCH_MODEL, --model, or model in {FILE}"
        )
    return PILOT


def _cells(settings: Settings) -> tuple[Level, CellFactory]:
    level: Level = probe() if settings.sandbox == "auto" else settings.sandbox
    if level == "none" and settings.sandbox != "none":
        raise NoSandbox
    return level, CellFactory(level)


def worktree_home(repository: Repository) -> Path:
    """Where the repository's worktrees are made, a folder of its own.

    Not below `.git`, where test runners and linters look away (jest ignores every path with `/.git/` in it).
    """
    caches = cache_folder()
    if caches is None:
        return repository.git_dir / "orch"
    mark = hashlib.sha256(str(repository.git_dir).encode("utf-8", "surrogateescape")).hexdigest()[:10]
    return caches / "orch" / f"{repository.path.name}-{mark}"


def _options(settings: Settings, model: str, home: Path) -> Options:
    return Options(
        model=model,
        models=settings.models,
        fallbacks=settings.fallbacks,
        cheap_model=settings.cheap_model,
        choices=named_models(settings, model),
        rates={provider: Rates(**table.model_dump()) for provider, table in settings.rates.items()},
        limits=settings.limits,
        setup=settings.setup,
        setup_timeout_s=settings.setup_timeout_s,
        include=settings.include,
        network=settings.network,
        protected=(FILE,),
        hidden=(str(home), str(config_folder() / "orch")),
        keep_logs_days=settings.keep_logs_days,
    )


@asynccontextmanager
async def _models(settings: Settings, model: str) -> AsyncIterator[LitellmModel]:
    """The client for every provider, with the pilot served on loopback when some role is to think with it."""
    routes = {}
    async with AsyncExitStack() as stack:
        if PILOT in named_models(settings, model):
            # Imported here: commands that only read would pay for an HTTP server.
            from adapters.llm.pilot.server import PilotServer

            pilot = PilotServer()
            stack.push_async_callback(pilot.close)
            # It costs nothing, which is a price.
            routes[PILOT] = Route(PILOT, await pilot.start(), pilot.api_key, Price(0.0, 0.0))
        models = LitellmModel(client_config(settings, model, routes))
        stack.push_async_callback(models.aclose)
        yield models


def client_config(settings: Settings, model: str, routes: dict[str, Route]) -> LitellmConfig:
    """How models are called where `model` is the default one, whose provider alone is sent the given key."""
    # The client refuses to call without a key, also an endpoint of the user's own that wants none.
    key = settings.api_key.get_secret_value() or ("none" if settings.api_base else "")
    profiles = {name: Profile(**table.model_dump()) for name, table in settings.profiles.items()}
    return LitellmConfig(settings.api_base, key, routes, profiles, settings.codec, model.partition("/")[0])


async def _checked_budget(session: Session, settings: Settings) -> int | None:
    """The token cap of a run with these settings, once every model of it is known to be callable and its spending bounded."""
    unpriced = []
    for name in named_models(session.settings, session.model):
        if problem := await session.models.problem_with(name):
            raise CannotStart(problem)
        if await session.models.price_of(name) is None:
            unpriced.append(name)
    if not unpriced or settings.budget_tokens is not None:
        return settings.budget_tokens
    if settings.budget_usd is not None:
        raise CannotStart(
            f"the price of {', '.join(unpriced)} is unknown, so a budget in dollars cannot hold; "
            f"give one in tokens as well (ORCH_BUDGET_TOKENS, or [budget] tokens in {FILE})"
        )
    return UNPRICED_TOKENS


def named_models(settings: Settings, model: str) -> tuple[str, ...]:
    """Every model that a run may call: the default, those of roles, the cheap and the stronger one, and what these fall back to."""
    first = tuple(filter(None, (model, *settings.models.values(), settings.cheap_model, settings.stronger_model)))
    return tuple(dict.fromkeys((*first, *(name for each in first for name in settings.fallbacks.get(each, ())))))


def _refuse_dirty(repository: Repository, branch: str) -> None:
    if repository.checked_out_at(branch) != repository.path:
        return
    dirty = repository.is_dirty()
    if dirty:
        named = ", ".join(dirty[:5]) + (f" and {len(dirty) - 5} more" if len(dirty) > 5 else "")
        raise CannotStart(
            f"{repository.path} has changes that are not committed ({named}), and work starts from commits; "
            "commit them or `git stash` them first"
        )


def _gates(repository: Repository, tip: str, settings: Settings) -> tuple[tuple[GateSpec, ...], str]:
    """The gates of the target at its tip, and where they come from: the file, or a look at the tree."""
    if settings.gates:
        return settings.gates, FILE
    python = python_of(None if repository.is_bare() else repository.path)
    found = detect(repository.list_paths(tip), lambda path: repository.read_file(tip, path), python=python)
    return found, "detected" if found else ""


@contextmanager
def _cancelled_by_signals() -> Iterator[None]:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    held: list[signal.Signals] = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Only the main thread may handle signals; a session in another one is ended by whoever owns that thread.
        with suppress(ValueError, RuntimeError):
            loop.add_signal_handler(number, task.cancel if task is not None else loop.stop)
            held.append(number)
    try:
        yield
    finally:
        for number in held:
            loop.remove_signal_handler(number)
