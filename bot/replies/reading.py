"""Words around what is read back: headings of a task's page, and of its conversation."""

from collections.abc import Sequence

from bot.replies import tasks
from bot.replies.tasks import failed
from engine.core.entities import Attempt, Criterion, GateProof, Nudge, Receipt, Verdict


def waiting_command(decision: str) -> str:
    """Where to see a question in full."""
    return f"`orch show {decision}` shows it"


def criterion(number: int, entry: Criterion) -> str:
    """A criterion with the command that checks it."""
    return f"{number}. {entry.text}" + (f"  (check: {entry.check})" if entry.check else "")


def attempt(entry: Attempt) -> str:
    """How an attempt ended, in one line."""
    if entry.failure:
        return f"attempt {entry.number}: {failed(entry.failure)}: {entry.detail}"
    if entry.ended_at:
        return f"attempt {entry.number}: succeeded: {entry.summary}"
    if entry.commit:
        return f"attempt {entry.number}: submitted: {entry.summary}"
    return f"attempt {entry.number}: under way"


def verdict(entry: Verdict) -> str:
    """The strategist's word."""
    said = "; ".join(part for part in (entry.feedback, *entry.notes, *entry.wrong_tests) if part)
    return f"review: {entry.word}" + (f": {said}" if said else "")


def watched(nudge: Nudge) -> str:
    """A look of the guardian's."""
    return f"guardian: {tasks.watched(nudge)}"


def receipt(entry: Receipt) -> str:
    """Where the work is, and what proved it."""
    proofs = ", ".join(proof(found) for found in (*entry.checks, *entry.gates)) or "no check and no gate"
    return f"landed as {entry.commit[:12]} on {entry.branch}; proven by {proofs}"


def proof(entry: GateProof) -> str:
    """A gate's or check's result."""
    tests = f", {entry.passed} passed" if entry.passed else ""
    tests += f", {entry.failed} failed" if entry.failed else ""
    return f"{entry.name} (exit code {entry.exit_code}{tests})"


def conversation(task: str, attempt_number: int, speaker: str) -> str:
    """The heading of a conversation."""
    return f"{task} attempt {attempt_number} · {speaker}"


def turn(number: int, time: str, tokens: int) -> str:
    """The heading of a turn; turn 0 is what the worker was told."""
    if number == 0:
        return "what it was told"
    return f"turn {number}  {time}" + (f"  {tokens:,} tokens" if tokens else "")


def no_engine_to_follow() -> str:
    """Under what is recorded, when nobody works on it now."""
    return "no engine works here now, so this is all so far; `orch resume` starts one"


def more_lines(lines: int) -> str:
    """What a shortened text leaves out."""
    return f"… {lines} more lines (--full shows them)"


def budget_title(run: str) -> str:
    """The heading of what a run has spent."""
    return f"{run} has spent"


def nothing_spent() -> str:
    """A run that has called no model yet."""
    return "nothing yet"


def answered_from_board() -> str:
    """The foot of an answer that no model has given."""
    return "read from the board and the log; no model was asked"


def names_nothing() -> str:
    """A question without a name, where it is not clear what it is about."""
    return "name what you mean, like R1, T3 or D2; `status` shows what is under way"


def open_question(decision: str, about: str, question: str) -> str:
    """A question in a list."""
    return f"{decision} ({about}): {question} (`show {decision}`)"


def run_line(name: str, word: str, done: int, total: int, objective: str) -> str:
    """A run in a list."""
    return f"{name} {word}, {done} of {total} done: {objective}"


def page_title(page: int, pages: int) -> str:
    """The heading of a list of runs."""
    return f"runs, page {page} of {pages}" if pages > 1 else "runs"


def no_page(page: int, pages: int) -> str:
    """Beyond the end of a list."""
    return f"there is no page {page}; the last is {pages}"


def asked_and_answered(decision: str, question: str, outcome: str) -> str:
    """A question in the story of a task."""
    return f"{decision} asked: {question}" + (f" · {outcome}" if outcome else " · open")


def guidance(text: str) -> str:
    """A person's words to a task."""
    return f"a person said: {text}"


def planned_by(task: str) -> str:
    """Where a task comes from."""
    return f"planned by {task}"


def where_bound(places: list[str]) -> str:
    """Where a run is told of."""
    return f"told of in {', '.join(places)}" if places else "told of in no chat"


def commit_line(commit: str, at: str, subject: str) -> str:
    """A commit of the state branch."""
    return f"{commit[:10]} {at[5:16].replace('T', ' ')} {subject}"


def history_title(name: str) -> str:
    """The heading of commits."""
    return f"{name} on orch-state, newest last" if name else "orch-state, newest last"


def history_more(names: Sequence[str]) -> str:
    """How to see all of it: each event holds the names of what it is about."""
    return " ".join(["all of it: git log", *(f"--grep='\"{name}\"'" for name in names), "orch-state"])


def no_history(name: str) -> str:
    """No commit is about it."""
    return f"no commit of orch-state is about {name}" if name else "orch-state has no commit yet"


def logs_title(task: str, attempt: int, speaker: str, turns: int) -> str:
    """The heading of a conversation's end."""
    return f"{task} attempt {attempt} · {speaker}, {turns} turn{'s' if turns != 1 else ''} so far"


def logs_more(task: str) -> str:
    """Where the whole conversation is."""
    return f"all of it: orch logs {task} --full"


def logs_in_thread(file: str) -> str:
    """Where the whole conversation is, once it was brought into the run's thread."""
    return f"all of it: {file} in the thread of its run"


def config_lines(model: str, workers: int, retries: int, sandbox: str, gates: list[str]) -> list[str]:
    """What a run works with."""
    return [
        f"model {model}",
        f"{workers} attempts at once, {retries} retries a task",
        f"sandbox {sandbox}",
        f"gates: {', '.join(gates) or 'none'}",
    ]


def config_title(run: str, branch: str) -> str:
    """The heading of a run's configuration."""
    return f"{run} works on {branch} with"
