"""What we say on Slack alone, and about the connection to it; always with the way out."""


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
