"""What the console says of itself: who you are, which models think, whether it works."""

import msgspec

from adapters.web.calls import Answer, Call
from adapters.web.desk import ModelInForce
from adapters.web.templates import TEMPLATES, Template


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
    """The models that the crew thinks with; the first holds for every role that is not named."""

    items: tuple[ModelInForce, ...]


class Templates(msgspec.Struct, frozen=True):
    """Objectives to begin with."""

    items: tuple[Template, ...]


class HealthView(msgspec.Struct, frozen=True):
    """That the engine answers, up to which event, and what is under way."""

    status: str
    seq: int
    runs_under_way: int
    attempts_under_way: int
    questions: int


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
    return Answer(Models(call.desk.about.models))


async def templates(_: Call) -> Answer:
    """Objectives to begin with."""
    return Answer(Templates(tuple(TEMPLATES.values())))


async def health(call: Call) -> Answer:
    """Whether it works."""
    board = call.board
    under_way = sum(1 for run in board.runs.values() if not run.finished_at)
    return Answer(HealthView("ok", board.seq, under_way, len(board.in_state["active"]), len(board.open_decisions)))
