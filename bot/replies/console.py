"""What we say about the web console: where it is, and how to get in."""

from engine.core.entities import Run


def starting(repository: str) -> str:
    """While the engine is put together."""
    return f"starting on {repository}"


def goes_on(run: Run) -> str:
    """A run that was under way before."""
    if run.state in {"paused", "waiting_human"}:
        return f"{run.id} {'is paused' if run.paused else 'waits for a person'}: {run.objective}"
    return f"{run.id} goes on: {run.objective}"


def console_at(link: str, has_own_token: bool) -> str:
    """Where the console is; with a token of one's own, the link does not repeat it."""
    how = "sign in with /?token= and ORCH_CONSOLE_TOKEN" if has_own_token else "whoever has this link acts in your name"
    return f"console: {link}\n({how}; Ctrl-C stops)"


def model_in_force(model: str, sandbox: str) -> str:
    """What runs will work with."""
    return f"model: {model} · sandbox: {sandbox}"


def chat_health(chat: str, is_up: bool, detail: str) -> str:
    """A chat came up or went down."""
    return f"{chat}: {detail}" if is_up else f"{chat} is down: {detail}"


def stopped() -> str:
    """The end, on a signal."""
    return "stopped; nothing is lost, and `orch up` goes on from here"


def sign_in() -> str:
    """For a browser that opens the page without a proof."""
    return "To sign in, open the link that `orch up` printed in its terminal, or /?token= with ORCH_CONSOLE_TOKEN.\n"
