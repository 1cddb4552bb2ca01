"""What we say on Slack alone, and about the connection to it; always with the way out."""

from bot.replies.words import count


def not_connected() -> str:
    """Before the first connection."""
    return "connecting to Slack"


def connected(name: str, team: str) -> str:
    """All is well."""
    return f"connected as {name} in {team}"


def reconnecting(why: str) -> str:
    """The connection is lost for now; nothing of ours is."""
    return f"Slack can't be reached ({why}); trying again"


def click_again() -> str:
    """A form can't be brought up any more."""
    return "that took too long, and the form could not be brought up; click again"


def by_request(path: str) -> str:
    """No socket: Slack comes to us."""
    return f"it sends to {path}"


def others_listen(number: int) -> str:
    """Slack counts more connections than ours; each deed goes to any one of them."""
    return (
        f"{count(number, 'other connection')} with the same app token, so some clicks are not heard here; "
        "stop the other process, or wait until Slack forgets it"
    )


def why_lost(reason: str) -> str:
    """Slack closed the connection, in words."""
    return {
        "link_disabled": "Socket Mode is off; switch it on at api.slack.com/apps, Socket Mode",
        "too_many_websockets": "too many connections with the same app token; stop the other processes",
        "silent": "the connection went silent",
        "closed": "the connection was lost",
    }.get(reason, f"it closed the connection: {reason}")


def token_refused(variable: str, why: str) -> str:
    """A token is wrong, or was revoked."""
    return f"{why}: copy {variable} from api.slack.com/apps again; trying it again each minute"


def refused(why: str) -> str:
    """Something else than a token."""
    return f"{why}; `orch slack check` says what to change"
