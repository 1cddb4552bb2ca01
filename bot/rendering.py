"""What a binding shows, from the board as it is now: the card, a question or its outcome, a digest, the end. Pure."""

from bot.cards import DecisionPrompt, RunCard, decision_outcome, decision_prompt, final_summary, run_card
from bot.messages import BudgetAlert, Digest, Message, Picture
from bot.picture import describe, draw
from engine.core.blackboard import Blackboard
from engine.core.chat_entities import Post
from engine.core.entities import Decision
from engine.core.ids import RunId


def card_of(board: Blackboard, run: RunId) -> RunCard:
    """The run's card."""
    return run_card(board, run)


def message_of(board: Blackboard, post: Post) -> Message:
    """What the post says now: a question that was answered says by whom."""
    match post.content:
        case "decision":
            decision = board.decisions[post.about] if post.about is not None else None
            return question_of(board, decision) if decision is not None else Digest(post.run, post.lines)
        case "digest":
            return Digest(post.run, post.lines)
        case "picture":
            return Picture(post.run, describe(board, post.run))
        case "summary":
            return final_summary(board, post.run)


def question_of(board: Blackboard, decision: Decision) -> Message:
    """The question while it is open, then what became of it."""
    if not decision.is_open:
        return decision_outcome(decision)
    prompt: DecisionPrompt = decision_prompt(board, decision)
    if decision.kind == "budget":
        return BudgetAlert(decision.run, run_card(board, decision.run).spent, prompt)
    return prompt


def picture_of(board: Blackboard, run: RunId) -> Picture:
    """The run's graph as an image, and in words. Takes a while: call it in a thread."""
    return Picture(run, describe(board, run), draw(board, run))
