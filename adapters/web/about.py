"""What the console says of itself: who you are, which models think, whether it works."""

from collections.abc import Sequence

import msgspec

from adapters.web.calls import Answer, Call
from adapters.web.desk import Desk, ModelInForce
from adapters.web.templates import TEMPLATES, Template
from bot.forecast import forecast
from bot.replies import spend as spend_say
from engine.core.entities import RunConfig


class SessionView(msgspec.Struct, frozen=True):
    """Who is signed in; `csrf` goes with every change in the header X-Orch-CSRF."""

    actor: str
    name: str
    role: str
    csrf: str
    repository: str
    branch: str
    sandbox: str
    is_pilot: bool


class Models(msgspec.Struct, frozen=True):
    """The models that the crew thinks with; the first holds for every role that is not named. `forecast` says what a run with it will
    probably cost, judged by those that were completed here; empty while nobody can say.
    """

    items: tuple[ModelInForce, ...]
    forecast: str


class Templates(msgspec.Struct, frozen=True):
    """Objectives to begin with."""

    items: tuple[Template, ...]


class ChatHealth(msgspec.Struct, frozen=True):
    """Whether a chat platform can be reached, and a sentence about it."""

    name: str
    is_up: bool
    detail: str


class HealthView(msgspec.Struct, frozen=True):
    """That the engine answers (`degraded` while a chat is down), up to which event, what is under way, how each chat is."""

    status: str
    seq: int
    runs_under_way: int
    attempts_under_way: int
    questions: int
    chats: tuple[ChatHealth, ...]


async def session(call: Call) -> Answer:
    """Who is signed in, and to what."""
    about = call.desk.about
    return Answer(
        SessionView(
            actor=call.visitor.actor, name=call.visitor.name, role=call.desk.people.role_of(call.actor) or "", csrf=call.csrf, repository=about.repository,
            branch=about.branch, sandbox=about.sandbox, is_pilot=any(model.is_pilot for model in about.models),
        )
    )  # fmt: skip


async def models(call: Call) -> Answer:
    """The models in force."""
    items = call.desk.about.models
    told = spend_say.forecast(forecast(call.board, items[0].model), RunConfig(items[0].model))
    return Answer(Models(items, told))


async def templates(_: Call) -> Answer:
    """Objectives to begin with."""
    return Answer(Templates(tuple(TEMPLATES.values())))


async def health(call: Call) -> Answer:
    """Whether it works."""
    board = call.board
    under_way = sum(1 for run in board.runs.values() if not run.finished_at)
    chats = chats_of(call.desk)
    attempts, questions = len(board.in_state["active"]), len(board.open_decisions)
    return Answer(HealthView(status_of(chats), board.seq, under_way, attempts, questions, chats))


def chats_of(desk: Desk) -> tuple[ChatHealth, ...]:
    """How each chat is, by name."""
    known = desk.talk.health() if desk.talk is not None else {}
    return tuple(ChatHealth(name, found.is_up, found.detail) for name, found in sorted(known.items()))


def status_of(chats: Sequence[ChatHealth]) -> str:
    """`ok`, or `degraded`: the engine works, and somebody can't be reached."""
    return "ok" if all(chat.is_up for chat in chats) else "degraded"
