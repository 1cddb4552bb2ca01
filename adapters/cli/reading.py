"""Reads the state branch back: what needs you, the runs, one run, task or question. Needs no engine and writes nothing."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from adapters.cli import output
from adapters.cli.errors import refuse
from adapters.cli.folder import root_of, tell_of_clone, typed_here
from adapters.cli.moments import Moment, commit_with_files, moment_of, split_moment
from adapters.cli.names import decision_of, run_of, task_of, unfinished
from adapters.cli.view import RUN_STYLES, STYLES, prompt_view, run_view
from adapters.wiring import read_board
from bot.cards import RunCard, decision_outcome, decision_prompt, final_summary, open_prompts, run_card, task_line
from bot.replies import commands as say
from bot.replies import decisions as decision_words
from bot.replies import history as past_words
from bot.replies import notes as note_words
from bot.replies import reading as words
from bot.replies import runs as run_words
from bot.replies.summary import summary_lines
from bot.text import clean, one_line
from engine.clock import SystemClock, iso
from engine.core.blackboard import Blackboard
from engine.core.entities import FileRef, Task
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.lifecycle import RUN_OVER
from engine.history import file_of, show_command
from engine.store.lock import EngineLock


def status(repo: Path, as_json: bool) -> None:
    """What needs a person first, then the runs under way, then whether an engine works."""
    root = root_of(repo)
    board = read_board(root)
    holder = EngineLock.holder(root)
    prompts = open_prompts(board)
    cards = [run_card(board, run) for run in unfinished(board)]
    if as_json:
        engine = {"pid": holder.pid, "host": holder.host} if holder else None
        output.say_json({"needs_you": prompts, "runs": cards, "engine": engine})
        return
    output.say(run_words.needs_you(len(prompts)) if prompts else run_words.nothing_needs_you(), style="bold")
    for prompt in prompts:
        output.say(f"  {prompt.id} {one_line(prompt.question)}", style="yellow")
        output.say(
            f"     {decision_words.how_to_answer(board.decisions[prompt.id])}; {words.waiting_command(prompt.id)}"
        )
    if cards:
        output.say("")
        output.show(_runs_table(cards))
    output.say("")
    output.say(run_words.engine_runs(holder.pid) if holder else run_words.engine_rests(len(cards)))
    tell_of_clone(root, board)


def list_runs(repo: Path, as_json: bool) -> None:
    """Every run, the newest first."""
    root = root_of(repo)
    board = read_board(root)
    cards = [run_card(board, run) for run in reversed(board.runs)]
    if as_json:
        output.say_json(cards)
    elif cards:
        output.show(_runs_table(cards))
    else:
        output.say(run_words.no_runs())
        tell_of_clone(root, board)


def show(repo: Path, name: str | None, as_json: bool) -> None:
    """A run (the latest, when nothing is named), a task or a question, with everything a person asks about it, now or then."""
    typed, seq = split_moment(name or "")
    root = root_of(repo)
    moment = moment_of(root, seq)
    board = moment.board
    if name is None and not board.runs:
        output.say(run_words.no_runs())
        tell_of_clone(root, board)
        return
    found = _named(moment, typed or str(next(reversed(board.runs), "")))
    if moment.entry is not None and not as_json:
        entry = moment.entry
        output.say(past_words.as_of(entry.seq, iso(entry.at_ms), one_line(entry.subject)) + "\n", style="dim")
    if found in board.tasks:
        _show_task(root, moment, TaskId(found), as_json)
    elif found in board.decisions:
        _show_decision(moment, DecisionId(found), as_json)
    else:
        _show_run(moment, RunId(found), as_json)
    if not as_json:
        command = typed_here(show_command(moment.commit, file_of(board, found)), root)
        output.say("\n" + past_words.same_with_git(command), style="dim")


def _named(moment: Moment, typed: str) -> RunId | TaskId | DecisionId:
    board, name = moment.board, typed.strip().upper()
    if moment.entry is not None and name[1:].isdigit() and name not in {*board.runs, *board.tasks, *board.decisions}:
        refuse(past_words.had_not_begun(name[:40], moment.entry.seq))
    if name[:1] not in {"R", "T", "D"}:
        refuse(say.not_a_name(typed[:40], "R1, T3 or D1"))
    if name[:1] == "T":
        return task_of(board, typed)
    return decision_of(board, typed) if name[:1] == "D" else run_of(board, typed)


def _runs_table(cards: Sequence[RunCard]) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 2, 0, 0))
    for _ in range(4):
        table.add_column(no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for card in cards:
        table.add_row(
            Text(card.id, style="bold"), Text(card.word, style=RUN_STYLES[card.state]),
            Text(f"{card.done}/{card.total}", style="dim"), Text(card.started_at[:16].replace("T", " "), style="dim"),
            Text(one_line(card.objective)),
        )  # fmt: skip
    return table


def _show_run(moment: Moment, name: RunId, as_json: bool) -> None:
    board = moment.board
    card = run_card(board, name)
    if as_json:
        insights, design = board.notes.insights_in(name), board.notes.design_in(name)
        facts = {"run": board.runs[name], "card": card, "insights": insights, "design_log": design}
        output.say_json({**moment.facts(), **facts})
        return
    console = output.console()
    now_ms = moment.entry.at_ms if moment.entry is not None else SystemClock().now_ms()
    console.print(run_view(card, now_ms, width=console.width))
    spec = board.runs[name].spec
    if spec is not None:
        output.say(f"\n{clean(spec.summary)}")
        for item in (*spec.assumptions, *spec.constraints, *spec.expected_outputs):
            output.say(f"  - {one_line(item)}")
    _show_notes(board, name)
    for prompt in card.decisions:
        console.print(Text(""), prompt_view(prompt, width=console.width))
        if moment.entry is None:
            output.say(decision_words.how_to_answer(board.decisions[prompt.id]))
    if card.state in RUN_OVER:
        output.say("\n" + "\n".join(summary_lines(final_summary(board, name))))


def _show_notes(board: Blackboard, name: RunId) -> None:
    settled = [note_words.settled(entry) for entry in board.notes.design_in(name)]
    learnt = [note_words.insight(note) for note in board.notes.insights_in(name)]
    for title, lines in ((note_words.design_title(), settled), (note_words.insights_title(), learnt)):
        if lines:
            output.say("\n" + "\n".join([title, *(f"  {one_line(line)}" for line in lines)]))


def _show_task(root: Path, moment: Moment, name: TaskId, as_json: bool) -> None:
    board, task = moment.board, moment.board.tasks[name]
    if as_json:
        output.say_json({**moment.facts(), "task": task, "line": task_line(board, task)})
        return
    found = task_line(board, task)
    head = Text.assemble(
        (task.id, "bold"), "  ", (one_line(task.title), "bold"), "  ", (found.word, STYLES[task.state]),
        (f"  {task.role} of {task.run}", "dim"),
    )  # fmt: skip
    note = Text(one_line(found.note), style="dim")
    output.show(Group(head, note) if found.note else head)
    kept = commit_with_files(root, moment, task.run)
    for line in _task_lines(task, lambda ref: typed_here(show_command(kept, ref.path), root)):
        output.say(line)


def _task_lines(task: Task, command: Callable[[FileRef], str]) -> list[str]:
    lines = ["", clean(task.description).strip()] if task.description.strip() else []
    lines += ["", *(words.criterion(number, entry) for number, entry in enumerate(task.criteria, 1))]
    for attempt in task.attempts:
        lines += ["", one_line(words.attempt(attempt))]
        if attempt.verdict is not None:
            lines.append(f"  {one_line(words.verdict(attempt.verdict))}")
        lines += [f"  {one_line(words.watched(nudge))}" for nudge in attempt.nudges]
        lines += [f"  {command(ref)}" for ref in attempt.evidence]
    if task.receipt is not None:
        lines += ["", words.receipt(task.receipt)]
    return lines


def _show_decision(moment: Moment, name: DecisionId, as_json: bool) -> None:
    board, decision = moment.board, moment.board.decisions[name]
    if as_json:
        prompt = decision_prompt(board, decision) if decision.is_open else None
        output.say_json({**moment.facts(), "decision": decision, "prompt": prompt})
        return
    console = output.console()
    if decision.is_open:
        console.print(prompt_view(decision_prompt(board, decision), width=console.width, evidence_lines=1_000))
        if moment.entry is None:
            output.say(decision_words.how_to_answer(decision))
    else:
        outcome = decision_outcome(decision)
        output.say(one_line(outcome.question))
        output.say(one_line(outcome.sentence))
