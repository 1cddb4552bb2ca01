"""What the console works with: the engine, the readers of git, and what is to be said of them. Must not serve HTTP."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec
from aiohttp import web

from adapters.settings import BadSettings
from adapters.web.chat import PLACE, WebChat
from adapters.web.history import History
from adapters.wiring import PILOT, Session, request_for
from bot.desk import StartOrder
from bot.people import People, PeopleRules
from bot.port import Health, Invocation
from bot.replies.words import model_word
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import RoleName
from engine.core.ids import RunId
from engine.ledger import Watcher
from engine.model.streamed import Stream
from engine.service import CannotStart, RunRequest
from engine.workspace.repository import NotARepository, UnknownBranch, UnknownCommit


class Steered(Protocol):
    """What the console asks of an engine; `engine.service.Engine` is one."""

    @property
    def board(self) -> Blackboard:
        """What is durable now."""
        ...

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call the watcher after each durable group; the result ends it."""
        ...

    async def start(self, request: RunRequest) -> RunId:
        """The new run.

        Raises: CannotStart.
        """
        ...

    async def order(self, command: c.PeopleCommand | c.ChatCommand, by: str) -> Sequence[e.Record] | c.Refused:
        """Carry a person's order out.

        Raises: LedgerStopped.
        """
        ...


class Prepare(Protocol):
    """Makes a checked request of an order."""

    async def __call__(self, order: StartOrder) -> RunRequest:
        """The request.

        Raises: CannotStart; nothing was written.
        """
        ...


class ModelInForce(msgspec.Struct, frozen=True):
    """A model that the crew thinks with; `role` is empty for the one that holds where no other is named."""

    role: str
    model: str
    word: str
    is_pilot: bool


class About(msgspec.Struct, frozen=True):
    """What is said of the engine."""

    repository: str
    branch: str
    sandbox: str
    models: tuple[ModelInForce, ...]


OWNER: Final = People(PeopleRules(admins=("web:*", "cli:*"), places=("web:*",)))
"""Whoever has the token is the owner of this machine's engine, where nobody set rules."""


def people_of(rules: PeopleRules | None) -> People:
    """Who may do what here: as `[people]` says, and nobody else; without it, the owner.

    The console's own place always counts as listed: its token already says who comes in.
    """
    return OWNER if rules is None else People(msgspec.structs.replace(rules, places=(*rules.places, str(PLACE))))


class Door(msgspec.Struct, frozen=True):
    """Where a chat brings its requests. They carry their own proof, which `answer` checks: the console's guards let them pass."""

    path: str
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]]


class Talk(msgspec.Struct, frozen=True):
    """The conversation: the console's chat, what takes an invocation and returns at once, how each chat is, and their doors."""

    chat: WebChat
    take: Callable[[Invocation], None]
    health: Callable[[], Mapping[str, Health]] = dict
    doors: tuple[Door, ...] = ()


class Desk(msgspec.Struct, frozen=True):
    """Everything a handler may use."""

    engine: Steered
    prepare: Prepare
    history: History
    stream: Stream
    about: About
    people: People = OWNER
    talk: Talk | None = None


def desk_of(session: Session, history: History) -> Desk:
    """The desk of an open session."""

    async def prepare(order: StartOrder) -> RunRequest:
        if order.model not in ("", session.model):
            raise CannotStart(f"this engine thinks with {session.model}; start it again: orch up --model {order.model}")
        wishes = {name: getattr(order, name) for name in ("budget_usd", "budget_tokens", "max_workers", "plan_first")}
        try:
            return await request_for(
                session, order.objective, base=order.base, by=order.by, dedupe=order.dedupe, wishes=wishes
            )
        except (BadSettings, UnknownBranch, UnknownCommit, NotARepository) as error:
            raise CannotStart(str(error)) from error

    about = About(
        repository=session.repository.path.name,
        branch=session.repository.current_branch() or "",
        sandbox=session.sandbox,
        models=models_in_force(session.model, session.settings.models),
    )
    return Desk(session.engine, prepare, history, session.stream, about, people_of(session.settings.people))


def models_in_force(model: str, by_role: Mapping[RoleName, str]) -> tuple[ModelInForce, ...]:
    """The default model and those of roles that have their own."""
    named: dict[str, str] = {"": model, **{str(role): name for role, name in by_role.items()}}
    return tuple(ModelInForce(role, name, model_word(name), name == PILOT) for role, name in named.items())
