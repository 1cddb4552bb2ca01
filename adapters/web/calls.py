"""A request that passed every check, and the table's rows: what each endpoint takes, gives and may refuse. Must not decide anything."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal, TypeVar

import msgspec
from pydantic import BaseModel

from adapters.web.access import Visitor
from adapters.web.desk import Desk
from adapters.web.problems import Problem, refused, unknown
from adapters.web.rates import Kind
from bot.consent import Consent, NotTheirs
from bot.people import People, Role
from bot.port import Actor
from bot.replies import people as say
from engine.clock import SystemClock, iso
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Attempt, Decision, Run, Task
from engine.core.ids import DecisionId, RunId, TaskId
from engine.ledger import LedgerStopped

Method = Literal["GET", "POST", "PATCH", "DELETE"]
B = TypeVar("B", bound=BaseModel)
_CLOCK: Final = SystemClock()
PREFIX: Final = "/api/v1"


class Png(msgspec.Struct, frozen=True):
    """An image, as bytes."""

    data: bytes


class Answer(msgspec.Struct, frozen=True):
    """What a handler gives: a struct of the route's kind, with a status other than the route's own when that is named."""

    body: msgspec.Struct
    status: int = 0


class Call(msgspec.Struct, frozen=True):
    """A request: who sends it, the names in its path, its query and body as the route's models, its idempotency key."""

    desk: Desk
    visitor: Visitor
    csrf: str
    path: Mapping[str, str]
    query: BaseModel | None = None
    body: BaseModel | None = None
    key: str = ""

    @property
    def board(self) -> Blackboard:
        """What is durable now."""
        return self.desk.engine.board

    def asked(self, kind: type[B]) -> B:
        """The body, or the query, of this kind.

        Raises: LookupError when the route has none: the table is wrong.
        """
        for given in (self.body, self.query):
            if isinstance(given, kind):
                return given
        raise LookupError(f"this route takes no {kind.__name__}")

    @property
    def actor(self) -> Actor:
        """Who sends it, as the rules about people know them."""
        return _actor(self.visitor)

    def may(self, role: Role) -> None:
        """Go on only for those who have the role.

        Raises: Problem.
        """
        need_role(self.desk.people, self.visitor, role)

    def run(self) -> Run:
        """The run in the path.

        Raises: Problem.
        """
        found = self.board.runs.get(RunId(self.path["run"]))
        if found is None:
            raise unknown(f"run {self.path['run']}; GET /api/v1/runs lists those there are")
        return found

    def task(self) -> Task:
        """The task in the path, which must be of the run in it.

        Raises: Problem.
        """
        run, found = self.run(), self.board.tasks.get(TaskId(self.path["task"]))
        if found is None or found.run != run.id:
            raise unknown(f"task {self.path['task']} in {run.id}; GET /api/v1/runs/{run.id} lists its tasks")
        return found

    def attempt(self, number: int | None) -> Attempt:
        """That attempt of the task in the path, the latest when none is named.

        Raises: Problem.
        """
        task = self.task()
        wanted = len(task.attempts) if number is None else number
        if not 1 <= wanted <= len(task.attempts):
            raise unknown(f"attempt {wanted} of {task.id}; it has {len(task.attempts)}")
        return task.attempts[wanted - 1]

    def decision(self, name: str) -> Decision:
        """The question of that name, which must be of the run in the path.

        Raises: Problem.
        """
        run, found = self.run(), self.board.decisions.get(DecisionId(name))
        if found is None or found.run != run.id:
            raise unknown(f"question {name} in {run.id}; GET /api/v1/runs/{run.id}/interrupts lists the open ones")
        return found

    @property
    def consent(self) -> Consent:
        """What the visitor's orders amount to, here and now."""
        return Consent(self.desk.people, self.board, self.actor, iso(_CLOCK.now_ms()), "web")

    async def order(self, command: c.PeopleCommand | c.Refused) -> tuple[e.Record, ...]:
        """Have the engine carry the order out, in the visitor's name.

        Raises: Problem with the reason of a refusal.
        """
        if isinstance(command, c.Refused):
            raise Problem(403, "role", command.reason) if isinstance(command, NotTheirs) else refused(command.reason)
        try:
            told = await self.desk.engine.order(command, self.visitor.actor)
        except LedgerStopped as error:
            raise stopped(error) from None
        if isinstance(told, c.Refused):
            raise refused(told.reason)
        return tuple(told)


Handler = Callable[[Call], Awaitable[Answer]]


class Route(msgspec.Struct, frozen=True):
    """One endpoint. `name` is its operation, `answer` the struct of its answer, `refusals` the statuses beyond those that
    every endpoint may give (400, 401, 403, 404, 421, 422, 429). `is_fresh`: the answer may change without an event, so it is
    never taken for unchanged.
    """

    method: Method
    path: str
    name: str
    summary: str
    handler: Handler
    answer: type[msgspec.Struct]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    status: int = 200
    others: Mapping[int, str] = {}
    rate: Kind = "read"
    role: Role = "viewer"
    is_fresh: bool = False

    @property
    def changes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"


def need_role(people: People, visitor: Visitor, role: Role) -> None:
    """Go on only for a visitor who has the role.

    Raises: Problem.
    """
    actor = _actor(visitor)
    if not people.may(actor, role):
        has = people.role_of(actor)
        lacks = f"this takes the role {role}; {visitor.name} is {has}"
        raise Problem(403, "role", lacks if has else say.no_role(actor.id))


def _actor(visitor: Visitor) -> Actor:
    return Actor(visitor.actor, visitor.name)


def stopped(error: LedgerStopped) -> Problem:
    """The engine records nothing more."""
    return Problem(503, "stopped", str(error))
