"""Every sentence that the loop itself says to a model; must not hold any rule about when."""

from __future__ import annotations

NO_TOOL_CALLED = (
    "Your reply called no tool, so nothing was done. Call a tool to go on, or call `finish` with its arguments if you are done. "
    "Text alone ends nothing."
)
EMPTY_REPLY = (
    "Your reply was empty and called no tool, so nothing was done. Call a tool to go on, or call `finish` with its arguments if you "
    "are done."
)
CALL_AS_TEXT = (
    "Your reply wrote a call as text, so nothing was done: only a real tool call is one. Make it again as a tool call, or call "
    "`finish` if you are done."
)
SUMMARISE = (
    "Your context is nearly full. The engine puts the conversation so far together now: of it you keep the task above, the newest "
    "turns, and what you write in this reply. Call no tool. Write at most 600 words: 1. What you know: files, functions, facts that "
    "took time to find. 2. What you changed, file by file, and why. 3. What you ran and what came of it: commands, exit codes, the "
    "first error. 4. What you tried that did not work. 5. What is left, the next step first. Only what you saw; copy no files."
)
ANSWERS_CUT = (
    "the answers of this reply were long together, so the later ones were cut: ask for less, or for one at a time"
)
FINISHED_TOO_EARLY = (
    "ERROR: finish was not accepted, because an earlier call of the same reply was refused. Read that answer, mend what it says, "
    "and call finish alone."
)


def truncated(max_tokens: int) -> str:
    """For a reply that was cut at the output limit."""
    return (
        f"Your reply was cut off at {max_tokens:,} tokens, so its end is missing. Send less at a time: one call a reply, "
        "a long file in parts (write_file, then append_file), a change with str_replace instead of the whole file."
    )


def repeats_itself(piece: str) -> str:
    """For a reply that fell into a loop; `piece` is what it repeated, in a code span."""
    return (
        f"Your reply repeated {piece} without end and was cut, so nothing was done. Do not go on with it. Say in one sentence what "
        "the next step is, and call one tool."
    )


def too_many_calls(dropped: int, at_most: int) -> str:
    """For a reply with more calls than are done in one turn."""
    return f"{dropped} more calls of this reply were not done: at most {at_most} a reply"


def few_turns_left(turns: int) -> str:
    """Shortly before the last turn."""
    return f"{turns} turns are left. Bring the work to a state that holds, and call finish; or escalate"


def going_in_circles(what: str) -> str:
    """Once, before an agent is ended as stuck."""
    return (
        f"You {what}. Repeating it will not change the answer. Say what you learnt from it, then do something different: read the "
        "code or the output again, test another idea of the cause, or escalate if a person is needed. If it happens once more, "
        "this attempt ends."
    )
