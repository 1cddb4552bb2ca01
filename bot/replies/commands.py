"""What commands say when they are given something that can't be done, and how they close."""

from bot.replies.words import listed


def folder_in_use(folder: str) -> str:
    """`--new` on something that is there."""
    return f"{folder} exists and is not empty; name a new folder, or leave --new out to work on what is there"


def not_a_repository(folder: str) -> str:
    """A command outside of any repository."""
    return (
        f"{folder} is not in a git repository; go into one, name one with --repo, "
        'or begin from nothing: orch start --new FOLDER "<objective>"'
    )


def folder_unusable(folder: str, why: str) -> str:
    """`--new` on something that can't be made."""
    return f"{folder} can't be made: {why}; name another folder"


def unknown_name(name: str) -> str:
    """A name that is no run, task or question."""
    return (
        f"there is no {name} here; `orch list` shows runs, `orch show R1` a run's tasks, `orch status` open questions"
    )


def not_a_name(name: str, example: str) -> str:
    """A name of another kind than the command takes."""
    return f"{name!r} is not what this command takes; name it like {example}"


def which_run(runs: list[str]) -> str:
    """A run was not named, and it is not clear which is meant."""
    if not runs:
        return "no run is under way; `orch list` shows those that are over"
    return f"{listed(runs)} are under way; name the one you mean"


def no_attempt(task: str, attempt: int | None, latest: int) -> str:
    """Logs that are not there."""
    if latest == 0:
        return f"{task} was not tried yet, so there is no conversation; `orch show {task}` tells what it waits for"
    return f"{task} has no attempt {attempt}; its attempts are 1 to {latest}"


def not_written(reason: str) -> str:
    """Where the answer should go there is no room."""
    return f"the answer could not be written: {reason}"


def no_conversation(task: str, attempt: int, *, is_put_away: bool = False) -> str:
    """An attempt that has not written a batch yet, or whose run is in the archive."""
    if is_put_away:
        return (
            f"the conversation of attempt {attempt} of {task} is in the history alone, since its run was put away: `orch logs {task}` "
            "reads it there (in a clone after `orch clone-state`)"
        )
    return f"attempt {attempt} of {task} has written no conversation yet; it is written in batches of 16 turns"


def will_act_on_resume() -> str:
    """An order that was recorded while no engine runs."""
    return "recorded; no engine runs here: `orch resume` acts on it"


def is_at_work(runs: list[str], pid: int) -> str:
    """`resume` while an engine runs."""
    return f"the engine (process {pid}) works on {listed(runs)}; `orch status` shows it"


def not_started() -> str:
    """Somebody said no."""
    return "nothing was started"


def start_anyway() -> str:
    """The one question before a start, after its warnings."""
    return "start anyway? [y/N] "


def not_installed() -> str:
    """The version of a copy that was not installed as a package."""
    return "(not installed as a package)"
