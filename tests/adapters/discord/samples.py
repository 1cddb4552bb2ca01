"""One message of each kind, taken from runs that were played, which the golden renderings show."""

from bot.forms import Field, Form
from bot.messages import BudgetAlert, Digest, Help, Listing, LogSnippet, Message, Notice, Picture
from bot.picture import describe
from bot.rendering import card_of, question_of
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId, TaskId
from tests.bot.story import middle, over
from tests.fakes.core_driver import CoreDriver

MIDDLE = middle(CoreDriver())
OVER = over(CoreDriver())
R1 = RunId("R1")


def _messages() -> dict[str, Message]:
    from bot.cards import decision_prompt, final_summary

    board: Blackboard = MIDDLE.board
    prompt = decision_prompt(board, MIDDLE.decision("D1"))
    return {
        "card": card_of(board, R1),
        "card-over": card_of(OVER.board, R1),
        "question": question_of(board, MIDDLE.decision("D1")),
        "outcome": question_of(OVER.board, OVER.decision("D1")),
        "budget": BudgetAlert(R1, "5.00 of 5 USD", prompt),
        "summary": final_summary(OVER.board, R1),
        "logs": LogSnippet(TaskId("T8"), 5, "T8 attempt 5", ("E   assert 2.67 == 2.68", "```", "1 failed"), "all: logs T8"),
        "picture": Picture(R1, describe(board, R1)),
        "digest": Digest(R1, ("T4 landed: rounds half up", "T5 failed (tests_red), attempt 2 follows")),
        "refusal": Notice("you (discord:1:2) have no role here; an admin adds you to [people] in the settings", True),
        "listing": Listing("runs", ("R2 running: *bold* claims", "R1 completed: # no heading"), "page 1 of 2"),
        "help": Help("What I understand", (("start <objective>", "begin a run"), ("pause [run]", "start nothing new")), "x"),
    }  # fmt: skip


MESSAGES = _messages()
FORMS = {
    "changes": Form(
        "decide", "D1: retry with changes", "retry with changes",
        {"decision": "D1", "generation": "1", "choice": "retry_with_changes"},
        (Field("changes", "What to do differently", "text", "round half up, and keep the old test"),),
    ),
    "abandon": Form(
        "decide", "D1: abandon", "abandon", {"decision": "D1", "generation": "1", "choice": "abandon"},
        (Field("then", "Tasks that wait for it", "choice", options=(("cascade", "give them up too"), ("drop", "they no longer wait"))),),
    ),
    "budget": Form(
        "decide", "D2: raise", "raise", {"decision": "D2", "generation": "1", "choice": "raise_budget"},
        (Field("amount", "New cap in US dollars", "number", "5", is_required=False),
         Field("tokens", "New cap in tokens", "number", "200000", is_required=False)),
    ),
}  # fmt: skip
