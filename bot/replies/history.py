"""What is said about the history of the state branch, and around moments of it."""


def event(seq: int, commit: str, at: str, subject: str) -> str:
    """An event in a list."""
    return f"{seq:>6}  {commit[:9]}  {at[:16].replace('T', ' ')}  {subject}"


def nothing_found(what: str) -> str:
    """No event is as it was asked for."""
    return f"no event {what}; `orch log` shows the latest of all" if what else "no run has written a state branch here"


def asked_for(run: str, task: str, actor: str, since: str) -> str:
    """The question in words: `of R7, by coder, since 2026-01-01T00:00:00Z`."""
    parts = (("of", run), ("about", task), ("by", actor), ("since", since))
    return ", ".join(f"{word} {value}" for word, value in parts if value)


def same_with_git(command: str) -> str:
    """The plain git command that does the same."""
    return f"with git: {command}"


def more(limit: int) -> str:
    """The list ends before the history does."""
    return f"only the latest {limit}; --limit N shows more, --limit 0 all"


def as_of(seq: int, at: str, subject: str) -> str:
    """The heading of something as it was."""
    return f"as of event {seq}, {at[:16].replace('T', ' ')} UTC: {subject}"


def bad_since(text: str) -> str:
    """A time that can't be read."""
    return f"{text!r} is no time: give one like 2026-11-25, 2026-11-25T14:30 (UTC), or an age: 90m, 12h, 3d, 2w"


def no_actor() -> str:
    """A name that is empty."""
    return "--actor needs a name: a role, a person, or an author as `git log` shows it"


def bad_moment(text: str) -> str:
    """What follows an @ and is no number."""
    return f"{text!r} names no moment; write the number of an event after the @, as in R7@1841 (`orch log` shows them)"


def other_run(task: str, run: str, asked: str) -> str:
    """A task and a run that don't belong together."""
    return f"{task} is a task of {run}, not of {asked}"


def had_not_begun(name: str, seq: int) -> str:
    """A run, task or question that was not there yet."""
    return f"{name} did not exist at event {seq}; `orch history` and `orch log` show when things began"
