"""A person's own page with the bot: the questions that they may answer, and the runs that they started. Pure."""

from typing import Final

from bot.cards import DecisionPrompt, run_card
from bot.messages import BudgetAlert, Home
from bot.people import People
from bot.port import Actor
from bot.rendering import question_of
from bot.replies import home as say
from bot.replies import reading
from bot.text import one_line, shorten
from engine.core.blackboard import Blackboard
from engine.core.entities import Decision, Run
from engine.core.ids import RunId
from engine.core.lifecycle import RUN_OVER

MAX_QUESTIONS: Final = 15
MAX_RUNS: Final = 15


def home_of(board: Blackboard, people: People, actor: Actor, note: str = "") -> Home:
    """The page as it is now; `note` is what became of what they did there last."""
    questions, runs = questions_for(board, people, actor), runs_of(board, people, actor)
    cards = [run_card(board, name) for name in runs[:MAX_RUNS]]
    return Home(
        title=say.needs_you(len(questions)),
        questions=tuple(
            found
            for decision in questions[:MAX_QUESTIONS]
            if isinstance(found := question_of(board, decision), DecisionPrompt | BudgetAlert)
        ),
        more_questions=say.more_questions(len(questions) - MAX_QUESTIONS),
        runs_title=say.your_runs(len(runs)),
        runs=tuple(
            reading.run_line(card.id, card.word, card.done, card.total, shorten(one_line(card.objective), 100))
            for card in cards
        ),
        more_runs=say.more_runs(len(runs) - MAX_RUNS),
        note=note,
    )


def questions_for(board: Blackboard, people: People, actor: Actor) -> list[Decision]:
    """The open questions that this person may answer and has not, oldest first; where two must agree, the other one is asked."""
    return [
        decision
        for decision in board.open_decisions.values()
        if people.may_decide(actor, board.runs[decision.run]) and not _has_said(decision, people, actor)
    ]


def runs_of(board: Blackboard, people: People, actor: Actor) -> list[RunId]:
    """The runs that this person started, by whichever account: those under way, then those that are over; the newest first."""
    mine = [run for run in reversed(board.runs.values()) if _is_starter(run, people, actor)]
    return [run.id for run in sorted(mine, key=lambda run: run.state in RUN_OVER)]


def _is_starter(run: Run, people: People, actor: Actor) -> bool:
    return people.person(run.created_by) == people.person(actor.id)


def _has_said(decision: Decision, people: People, actor: Actor) -> bool:
    first = decision.proposal
    return first is not None and people.person(first.by) == people.person(actor.id)
