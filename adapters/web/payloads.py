"""What clients send, checked: bodies and queries of the REST surface. Must not know what comes of it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.core import limits
from engine.core.entities import Choice, Dependents

_STRICT = ConfigDict(frozen=True, extra="forbid", str_max_length=limits.MAX_TEXT_CHARS)

Text = Annotated[str, Field(max_length=limits.MAX_TEXT_CHARS)]
RunName = Annotated[str, Field(pattern=r"^R[1-9][0-9]{0,8}$")]
TaskName = Annotated[str, Field(pattern=r"^T[1-9][0-9]{0,8}$")]
DecisionName = Annotated[str, Field(pattern=r"^D[1-9][0-9]{0,8}$")]
Reason = Annotated[str, Field(max_length=2_000)]
Usd = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Tokens = Annotated[int, Field(gt=0, le=10**12)]


class Nothing(BaseModel):
    """An order that needs no words."""

    model_config = _STRICT


class CreateRun(BaseModel):
    """A run to begin. `template` puts a template's text before the objective; what is absent is as the settings say."""

    model_config = _STRICT
    objective: Annotated[str, Field(max_length=limits.MAX_OBJECTIVE_CHARS)]
    base: Annotated[str, Field(min_length=1, max_length=250)] | None = None
    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    budget_usd: Usd | None = None
    budget_tokens: Tokens | None = None
    max_workers: Annotated[int, Field(ge=1, le=64)] | None = None
    plan_first: bool | None = None
    template: Annotated[str, Field(max_length=100)] | None = None


class Why(BaseModel):
    """A reason for those who read the story."""

    model_config = _STRICT
    reason: Reason = ""


class Replan(BaseModel):
    """What the new plan is to heed."""

    model_config = _STRICT
    guidance: Text = ""


class NewCriterion(BaseModel):
    """One thing that must hold; `check` is a shell command that the engine runs."""

    model_config = _STRICT
    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    check: Annotated[str, Field(max_length=2_000)] = ""


class AddTask(BaseModel):
    """One more task of a run; the first line of the description is its title."""

    model_config = _STRICT
    description: Annotated[str, Field(min_length=1, max_length=limits.MAX_TEXT_CHARS)]
    role: Literal["coder", "tester", "researcher", "writer"] = "coder"
    criteria: Annotated[tuple[NewCriterion, ...], Field(max_length=50)] = ()
    depends_on: Annotated[tuple[TaskName, ...], Field(max_length=1_000)] = ()
    priority: Annotated[int, Field(ge=1, le=9)] = 5
    max_retries: Annotated[int, Field(ge=0, le=limits.MAX_RETRIES)] | None = None


class RetryTask(BaseModel):
    """What the next attempt is to heed."""

    model_config = _STRICT
    guidance: Text = ""


class ChangeRun(BaseModel):
    """Higher caps of a run."""

    model_config = _STRICT
    budget_usd: Usd | None = None
    budget_tokens: Tokens | None = None


class Resolve(BaseModel):
    """The answer to a question, as it stood at `generation`. `modified_description` is the guidance of a retry, or describes
    the task that is spawned; `dependents` says what becomes of tasks that wait for an abandoned one.
    """

    model_config = _STRICT
    decision: DecisionName
    generation: Annotated[int, Field(ge=0)]
    action: Choice
    modified_description: Text = ""
    modified_criteria: Annotated[tuple[NewCriterion, ...], Field(max_length=50)] = ()
    dependents: Dependents | None = None
    budget_usd: Usd | None = None
    budget_tokens: Tokens | None = None


class ChangeTask(BaseModel):
    """New dependencies of a task: all of them (`depends_on`), or those to add and to remove."""

    model_config = _STRICT
    depends_on: Annotated[tuple[TaskName, ...], Field(max_length=1_000)] | None = None
    add: Annotated[tuple[TaskName, ...], Field(max_length=1_000)] = ()
    remove: Annotated[tuple[TaskName, ...], Field(max_length=1_000)] = ()


class Page(BaseModel):
    """Which part of a list."""

    model_config = _STRICT
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    offset: Annotated[int, Field(ge=0, le=10**9)] = 0


class WhichAttempt(BaseModel):
    """The attempt, by default the latest."""

    model_config = _STRICT
    attempt: Annotated[int, Field(ge=1, le=10**6)] | None = None


class LogPage(BaseModel):
    """A page of an attempt's conversation: `cursor` as the page before gave it."""

    model_config = _STRICT
    attempt: Annotated[int, Field(ge=1, le=10**6)] | None = None
    cursor: Annotated[str, Field(pattern=r"^(work|review)-[1-9][0-9]{0,5}$")] = "work-1"


class Look(BaseModel):
    """How a picture looks."""

    model_config = _STRICT
    theme: Literal["light", "dark"] = "light"


class Abandon(BaseModel):
    """What becomes of the tasks that wait for an abandoned one: planned anew, unless said otherwise."""

    model_config = _STRICT
    dependents: Literal["cascade", "drop", "replan"] = "replan"
    reason: Reason = ""


class Say(BaseModel):
    """What is typed into a thread."""

    model_config = _STRICT
    text: Annotated[str, Field(min_length=1, max_length=10_000)]


class Act(BaseModel):
    """A button of a message, as the message names it; with `values`, a form that was filled in."""

    model_config = _STRICT
    name: Annotated[str, Field(min_length=1, max_length=100)]
    args: Mapping[str, Annotated[str, Field(max_length=1_000)]] = {}
    values: Mapping[str, Text] | None = None


class ThreadPage(BaseModel):
    """The end of a thread, or the part from the `cursor` on."""

    model_config = _STRICT
    cursor: Annotated[int, Field(ge=0, le=10**9)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Subscribe(BaseModel):
    """Follow a run; `from` is the sequence up to which the client has it."""

    model_config = _STRICT
    type: Literal["subscribe"]
    run: RunName
    since: int | None = Field(default=None, alias="from", ge=0)


class Unsubscribe(BaseModel):
    """Follow it no longer."""

    model_config = _STRICT
    type: Literal["unsubscribe"]
    run: RunName


class StreamTask(BaseModel):
    """See what the model of the task says while it says it."""

    model_config = _STRICT
    type: Literal["stream"]
    task: TaskName
    on: bool


Wish = Annotated[Subscribe | Unsubscribe | StreamTask, Field(discriminator="type")]
"""One message that a client sends over the socket."""
