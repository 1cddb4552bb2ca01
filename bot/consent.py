"""What an order of a person's amounts to: the answer to an open question, an order by itself, the first of two voices, or a refusal.

Chats and the console ask the same, so that no other command and no other button goes round the rules about people. Pure.
"""

import msgspec

from bot.people import People, TwoPeople
from bot.port import Actor
from bot.replies import people as say
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import Choice, Decision, Dependents, Task
from engine.core.ids import RunId


class NotTheirs(c.Refused, frozen=True):
    """The order is for others to give."""


class Consent(msgspec.Struct, frozen=True):
    """The rules for one who speaks: `at` is the log's UTC time, `via` how it was said, as an answer remembers it."""

    people: People
    board: Blackboard
    actor: Actor
    at: str
    via: str

    @property
    def person(self) -> str:
        """In whose name it is: one person counts once, by whichever account."""
        return self.people.person(self.actor.id)

    def answer(self, decision: Decision, choice: Choice, changes: str = "") -> c.AnswerDecision | c.Refused:
        """The answer to the question as it stands, with a second person where the rules ask for one."""
        if not self._decides(decision.run):
            return self._not_theirs(say.answering(decision.id))
        return c.AnswerDecision(
            decision.id, choice, self.person, self.at, changes, generation=decision.generation, via=self.via,
            needs_second=self._takes_two(choice),
        )  # fmt: skip

    def retry(self, task: Task, changes: str) -> c.AnswerDecision | c.RetryTask | c.Refused:
        """The task is tried again, with words or without."""
        choice: Choice = "retry_with_changes" if changes.strip() else "retry"
        asked, takes_two = self._asked_about(task), self._takes_two(choice)
        if asked is not None and (takes_two or choice in asked.options):
            return self.answer(asked, choice, changes)
        if takes_two:
            return c.Refused(say.asked_first("retry", task.id))
        return c.RetryTask(task.id, self.person, self.at, changes)

    def abandon(
        self, task: Task, reason: str, then: Dependents | None
    ) -> c.AnswerDecision | c.AbandonTask | c.Refused:  # fmt: skip
        """The task is given up; `then` says what becomes of those that wait for it."""
        if not self._takes_two("abandon"):
            return c.AbandonTask(task.id, reason, then)
        asked = self._asked_about(task)
        if asked is None:
            return c.Refused(say.asked_first("abandon", task.id))
        order = self.answer(asked, "abandon")
        return order if isinstance(order, c.Refused) else msgspec.structs.replace(order, dependents=then)

    def raise_budget(
        self, run: RunId, usd: float | None, tokens: int | None
    ) -> c.AnswerDecision | c.RaiseBudget | c.Refused:  # fmt: skip
        """The run has a higher cap; the question about the present one is answered with it."""
        asked = self._asked_of(run, "raise_budget")
        if asked is not None:
            order = self.answer(asked, "raise_budget")
            if isinstance(order, c.Refused):
                return order
            return msgspec.structs.replace(order, budget_usd=usd, budget_tokens=tokens)
        if not self._decides(run):
            return self._not_theirs(say.raising(run))
        if self._takes_two("raise_budget"):
            return c.Refused(say.raised_when_reached())
        return c.RaiseBudget(run, usd, tokens)

    def replan(self, run: RunId, changes: str) -> c.AnswerDecision | c.ReplanRun | c.Refused:
        """What is not under way is planned anew; the question whether to is answered with it."""
        asked = self._asked_of(run, "replan")
        if asked is not None:
            return self.answer(asked, "replan", changes)
        if self._takes_two("replan"):
            return c.Refused(say.planned_when_asked())
        return c.ReplanRun(run, changes)

    def restart(self, run: RunId) -> c.RestartRun | c.Refused:
        """What is held up begins again: what is asked about only for those who may answer it."""
        if self._takes_two("retry"):
            return c.Refused(say.restarted_by_answers())
        return c.RestartRun(run, self.person, self.at, spares_asked=not self._decides(run))

    def cancel(self, run: RunId, reason: str) -> c.CancelRun:
        """The run ends, or that is proposed."""
        return c.CancelRun(run, reason, self._takes_two("cancel"), self.person, self.at)

    def _decides(self, run: RunId) -> bool:
        return self.people.may_decide(self.actor, self.board.runs[run])

    def _takes_two(self, choice: TwoPeople) -> bool:
        return choice in self.people.rules.two_people

    def _not_theirs(self, deed: str) -> NotTheirs:
        return NotTheirs(say.takes_an_approver(deed, self.actor.id, self.people.role_of(self.actor) or "nobody"))

    def _asked_about(self, task: Task) -> Decision | None:
        decision = self.board.decisions[task.decision] if task.decision else None
        return decision if decision is not None and decision.is_open else None

    def _asked_of(self, run: RunId, choice: Choice) -> Decision | None:
        """The run's open question that offers this choice."""
        return next((d for d in self.board.open_decisions.values() if d.run == run and choice in d.options), None)
