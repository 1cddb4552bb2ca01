"""The engine as its surroundings see it: start a run, give an order, watch the board. Must not know chats or vendors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from engine.attempt import LocalWorker
from engine.budgets import ModelFacts, PriceOf, RunBudgets, WindowOf, unknown_window
from engine.caretaker import Caretaker, TendableLog
from engine.cell.sandbox import CellFactory
from engine.cell.types import NoSandbox
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import GateSpec, RunConfig
from engine.core.ids import RunId
from engine.dispatch import Dispatcher
from engine.finishing import to_the_end
from engine.gauge import Gauge
from engine.housekeeping import Housekeeper
from engine.landing import LocalLander
from engine.ledger import ENGINE, Ledger, Watcher
from engine.model.codecs.coded import CodecOf, always_native
from engine.model.types import Model
from engine.options import Options
from engine.ports import Clock
from engine.pusher import Mirror, Pusher
from engine.recovery import fail_lost_attempts, settle_runs
from engine.redaction import Redactor
from engine.review import LocalReviewer
from engine.site import SetupFailed, Sites
from engine.store.errors import StoreError
from engine.tools.supply import Supply
from engine.treasury import LedgerTreasury
from engine.unwritten import UnwrittenTurns
from engine.workspace.git import GitError
from engine.workspace.pool import WorktreePool
from engine.workspace.repository import Repository, UnknownCommit


class CannotStart(Exception):
    """A run can't begin as asked; the message says why and what to do. Nothing was written."""


class RunRequest(msgspec.Struct, frozen=True):
    """What somebody asks for. `gates` are those that are configured or detected, for `branch` at `base`."""

    objective: str
    branch: str
    base: str
    config: RunConfig
    gates: tuple[GateSpec, ...]
    by: str
    dedupe: str = ""


class Parts(msgspec.Struct, frozen=True):
    """What the engine is made of; `home` is a folder of its own, for worktrees, `supply` adds to its tools, `mirror` is
    where the state branch is pushed to.
    """

    repository: Repository
    log: TendableLog
    model: Model
    price_of: PriceOf
    cells: CellFactory
    clock: Clock
    options: Options
    home: Path
    redactor: Redactor
    supply: Supply = Supply()
    codec_of: CodecOf = always_native
    window_of: WindowOf = unknown_window
    mirror: Mirror | None = None


class Engine:
    """One engine of one repository. The caller holds the repository's EngineLock for as long as it is open."""

    def __init__(self, parts: Parts, board: Blackboard) -> None:
        self.repository = parts.repository
        self._unwritten = UnwrittenTurns()
        redact = parts.redactor.text
        self._ledger = Ledger(parts.log, board, parts.clock, redact)
        self._pool = WorktreePool(parts.repository, parts.home / "work", include=parts.options.include)
        sites = Sites(parts.repository, self._pool, parts.cells, parts.options, parts.redactor)
        self._gauge = Gauge(sites, parts.options)
        models = RunBudgets(parts.model, _model_facts(parts), LedgerTreasury(self._ledger))
        read = parts.log.read
        worker = LocalWorker(
            sites, models, parts.clock, parts.options,
            read=read, redactor=parts.redactor, supply=parts.supply, unwritten=self._unwritten,
        )  # fmt: skip
        reviewer = LocalReviewer(
            sites, self._gauge, models, parts.clock, parts.options, redact=redact, unwritten=self._unwritten
        )
        lander = LocalLander(sites, self._gauge, parts.log, redact=redact)
        self._models = models
        self._ledger.watch(self._reopen)
        self._dispatcher = Dispatcher(self._ledger, worker, reviewer, lander, parts.clock)
        self._housekeeper = Housekeeper(self._ledger, parts.repository)
        self._pusher = Pusher(self._ledger, parts.mirror) if parts.mirror is not None else None
        self._caretaker = Caretaker(self._ledger, parts.log, parts.clock, parts.options.keep_logs_days)

    @property
    def board(self) -> Blackboard:
        """What is durable now. Replaced, never changed: keep a reference and it stays as it is."""
        return self._ledger.board

    @property
    def unwritten(self) -> UnwrittenTurns:
        """Turns that are over and not on the state branch yet."""
        return self._unwritten

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher(records, board)` after each durable group, on the event loop; the result ends the watching."""
        return self._ledger.watch(watcher)

    async def start(self, request: RunRequest) -> RunId:
        """The id of the new run; its gates were measured once on `base`, which is the baseline of all that follows.

        Raises: CannotStart; LedgerStopped.
        """
        try:
            found = await self._gauge.measure(request.base, request.gates)
        except (SetupFailed, NoSandbox, UnknownCommit, GitError, OSError) as error:
            raise CannotStart(f"the gates can't be measured on {request.branch}: {error}") from error
        for gate in found.gates:
            if gate.cannot_start:
                raise CannotStart(
                    f"the gate {gate.name!r} can't start: `{gate.run}` ended with exit code {gate.exit_code}"
                    f"{_last_line(gate.output)}; correct [[gate]] in orch.toml, or [workspace] setup"
                )
        command = c.StartRun(
            request.objective, request.branch, request.base, request.config, request.by, request.gates, request.dedupe
        )
        answer = await self._ledger.submit(command, request.by)
        if isinstance(answer, c.Refused):
            raise CannotStart(answer.reason)
        await self._ledger.flush()
        return answer[0].event.run

    async def order(self, command: c.PeopleCommand | c.ChatCommand, by: str) -> Sequence[e.Record] | c.Refused:
        """Carry out a person's order, or the bot's own about chats; git shows the records on return. `by` is `surface:name`.

        Raises: LedgerStopped.
        """
        answer = await self._ledger.submit(command, by)
        await self._ledger.flush()
        return answer

    def _reopen(self, records: Sequence[e.Record], _: Blackboard) -> None:
        """A person who wakes a run says that its quota is there again."""
        if any(isinstance(record.event, e.RunUnparked) and record.actor != ENGINE for record in records):
            self._models.reopen()

    async def flush(self) -> None:
        """Return when all that was recorded so far can be seen with git alone."""
        await self._ledger.flush()

    def publish(self) -> None:
        """Let git show what is durable, for a reader of the branch in another thread; blocks. What can't be shown yet is not."""
        with suppress(StoreError):
            self._ledger.log.publish()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Engine"]:
        """Everything runs while the context is open; on leaving, attempts are cancelled and worktrees removed.

        Raises: what stopped the ledger, as an ExceptionGroup, when the state branch can't be written.
        """
        await asyncio.to_thread(self._pool.clean_leftovers)
        async with asyncio.TaskGroup() as group:
            ledger = group.create_task(self._ledger.run())
            await fail_lost_attempts(self._ledger)
            await settle_runs(self._ledger)
            await self._housekeeper.sweep()
            housekeeper = group.create_task(self._housekeeper.run())
            caretaker = group.create_task(self._caretaker.run())
            dispatcher = group.create_task(self._dispatcher.run())
            pushing = [group.create_task(self._pusher.run())] if self._pusher is not None else []
            try:
                yield self
            finally:
                # In this order: attempts still write their last turns down while they end.
                await to_the_end(self._wind_down(dispatcher, housekeeper, caretaker, ledger, *pushing))

    async def _wind_down(self, *tasks: "asyncio.Task[None]") -> None:
        for task in tasks:
            task.cancel()
            await asyncio.wait([task])
        await self._housekeeper.sweep()
        if self._pusher is not None:
            await self._pusher.finish()
        await asyncio.to_thread(self._pool.close)


def _model_facts(parts: Parts) -> ModelFacts:
    options = parts.options
    return ModelFacts(
        price_of=parts.price_of, codec_of=parts.codec_of, fallbacks=options.fallbacks, redact=parts.redactor.text,
        rates=options.rates, choices=options.choices, cheap=options.cheap_model, window_of=parts.window_of,
    )  # fmt: skip


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return f" ({lines[-1].strip()[:200]})" if lines else ""
