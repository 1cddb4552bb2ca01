"""Commands that only read the board: status, list, show, graph, config, help."""

import asyncio
from typing import Final

from bot.call import Call, decision_named, refusal, run_meant, task_named
from bot.cards import open_prompts, run_card
from bot.desk import Desk
from bot.grammar import BY_NAME, COMMANDS
from bot.home import home_of
from bot.messages import Help, Listing, Message, Notice
from bot.rendering import picture_of, question_of
from bot.replies import commands as names_say
from bot.replies import people as people_say
from bot.replies import reading as say
from bot.replies import runs as run_words
from bot.replies import usage
from bot.replies.words import model_word
from bot.stories import run_story, task_story
from bot.text import one_line, shorten
from bot.threads import unfinished_runs
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId

PAGE: Final = 10


async def status(desk: Desk, call: Call) -> Message:
    """What needs people first, then what is under way; of one run when it is named."""
    board = desk.engine.board
    if call.text("run") and call.text("run") not in board.runs:
        return refusal(names_say.unknown_name(call.text("run")))
    only = RunId(call.text("run")) if call.text("run") else None
    prompts = open_prompts(board, only)
    title = run_words.needs_you(len(prompts)) if prompts else run_words.nothing_needs_you()
    lines = [say.open_question(p.id, p.task or p.run, shorten(one_line(p.question), 120)) for p in prompts]
    runs = [only] if only else unfinished_runs(board)
    return Listing(title, tuple(lines + [_run_line(board, name) for name in runs]))


async def home(desk: Desk, call: Call) -> Message:
    """The person's own page."""
    return home_of(desk.engine.board, desk.people, call.invocation.actor)


async def list_runs(desk: Desk, call: Call) -> Message:
    """All runs, the newest first, a page at a time."""
    board = desk.engine.board
    if not board.runs:
        return Listing(run_words.no_runs(), ())
    page, pages = int(call.text("page") or 1), -(-len(board.runs) // PAGE)
    if page > pages:
        return refusal(say.no_page(page, pages))
    names = list(reversed(board.runs))[(page - 1) * PAGE : page * PAGE]
    return Listing(say.page_title(page, pages), tuple(_run_line(board, name) for name in names))


def _run_line(board: Blackboard, name: RunId) -> str:
    card = run_card(board, name)
    return say.run_line(card.id, card.word, card.done, card.total, shorten(one_line(card.objective), 100))


async def show(desk: Desk, call: Call) -> Message:
    """A run's card, a task's page, a question with its buttons."""
    board, name = desk.engine.board, call.text("name")
    if name.startswith("T"):
        task = task_named(board, name)
        return task if isinstance(task, Notice) else task_story(board, task)
    if name.startswith("D"):
        decision = decision_named(board, name)
        return decision if isinstance(decision, Notice) else question_of(board, decision)
    call = Call(call.invocation, call.command, {"run": name} if name else {}, call.at)
    run = run_meant(board, call)
    return run if isinstance(run, Notice) else run_card(board, run)


async def graph(desk: Desk, call: Call) -> Message:
    """The run's tasks as a picture."""
    run = run_meant(desk.engine.board, call)
    if isinstance(run, Notice):
        return run
    return await asyncio.to_thread(picture_of, desk.engine.board, run)


async def config(desk: Desk, call: Call) -> Message:
    """What the run works with, where it is told of, and who may do what."""
    board = desk.engine.board
    name = run_meant(board, call)
    if isinstance(name, Notice):
        return name
    run = board.runs[name]
    gates = [f"{gate.name} `{gate.run}`" for gate in run.gates]
    settings = run.config
    lines = say.config_lines(
        model_word(settings.model), settings.max_workers, settings.max_retries, settings.sandbox, gates
    )
    places = [f"{b.adapter}:{b.workspace}:{b.channel}" for b in board.chat.live(name)]
    rules = desk.people.rules
    counts = (len(rules.viewers), len(rules.operators), len(rules.approvers), len(rules.admins))
    lines += [say.where_bound(places), *people_say.rules(*counts, [*rules.two_people])]
    return Listing(say.config_title(name, run.branch), tuple(lines))


async def why(desk: Desk, call: Call) -> Message:
    """The story of a task, a run or a question."""
    return story_of(desk.engine.board, call.text("name"))


def story_of(board: Blackboard, name: str) -> Message:
    """The story of whatever has this name."""
    if name.startswith("T"):
        task = task_named(board, name)
        return task if isinstance(task, Notice) else task_story(board, task)
    if name.startswith("D"):
        decision = decision_named(board, name)
        return decision if isinstance(decision, Notice) else question_of(board, decision)
    return run_story(board, RunId(name)) if name in board.runs else refusal(names_say.unknown_name(name))


async def help_page(_: Desk, call: Call) -> Message:
    """The commands, or one of them in full."""
    name = call.text("command")
    if name and name in BY_NAME:
        command = BY_NAME[name]
        entries = [(command.usage, command.help)]
        entries += [(param.name, _param_help(param.help, param.choices)) for param in command.params]
        return Help(usage.HELP_TITLE, tuple(entries), usage.example(command))
    if name:
        return refusal(usage.unknown_command(name, ""))
    return Help(usage.HELP_TITLE, tuple((each.name, each.help) for each in COMMANDS), usage.HELP_FOOTER)


def _param_help(text: str, choices: tuple[str, ...]) -> str:
    return f"{text}: {', '.join(choices)}" if choices else text
