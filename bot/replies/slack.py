"""What we say on Slack alone, and about the connection to it; always with the way out."""

from bot.replies.words import count, listed


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


def app_description() -> str:
    """The app, in Slack's own list of apps and commands."""
    return "Crews of agents on a repository"


def shortcut_name() -> str:
    """The entry in a message's menu; Slack takes 24 characters."""
    return "Start a run from this"


def shortcut_description() -> str:
    """What the entry does."""
    return "Takes the message as the objective of a run; you can still change it"


def token_works(name: str, team: str) -> str:
    """The token is accepted."""
    return f"the token is {name}'s in {team}"


def not_reached(why: str) -> str:
    """Nothing more can be found out."""
    return f"Slack can't be asked: {why}; try again, or look at SLACK_API_BASE_URL"


def scopes_are_there(number: int) -> str:
    """The token may do all that is needed."""
    return f"all {number} are there"


def scope_missing(scope: str, what_for: str) -> str:
    """The token may not do something."""
    return f"add {scope} (OAuth & Permissions, Bot Token Scopes), then reinstall the app; it is for {what_for}"


def socket_is_there() -> str:
    """Socket Mode works."""
    return "Slack gives one; it is not opened here, since it would take clicks from a bot that is running"


def no_socket(code: str) -> str:
    """Slack gives no socket, and its word for why."""
    return {
        "missing_scope": "give the app-level token the scope connections:write (Basic Information, App-Level Tokens)",
        "socket_mode_disabled": why_lost("link_disabled"),
        "forbidden": why_lost("link_disabled"),
    }.get(code, f"Slack gives none ({code}); look at Socket Mode on the app's page")


def requests_are_signed() -> str:
    """HTTP mode; whether Slack reaches us is Slack's to say."""
    return (
        "SLACK_APP_TOKEN is not set, so Slack sends signed requests; the app's page says whether it reaches "
        "https://…/slack/events (Event Subscriptions)"
    )


def may_speak(channel: str) -> str:
    """A channel in which everything works."""
    return f"the bot is in {channel}"


def member_of(channels: list[str]) -> str:
    """The channels that the bot is in."""
    return f"the bot is in {listed(channels, most=9)}"


def direct_messages() -> str:
    """A place that needs no membership."""
    return "direct messages with the app"


def invite(channel: str, name: str) -> str:
    """The bot is not in a channel, or in none."""
    return f"the bot is not in {channel or 'any channel'}; type there: /invite @{name}"


def is_archived(channel: str) -> str:
    """Nothing can be said there."""
    return f"{channel} is archived; unarchive it, or take it out of [people] places"


def not_in_channel(channel: str, why: str) -> str:
    """A channel that can't be seen."""
    return f"{why}; if {channel} is private, invite the bot there"


def another_workspace(team: str) -> str:
    """A place that this token has nothing to do with."""
    return f"this is no channel of the token's workspace; a place of it is slack:{team}:<channel>"


def nobody_may(team: str) -> str:
    """The settings name no place on Slack."""
    return f'the settings let nobody use the bot here: add [people] with places = ["slack:{team}:*"] to orch.toml'


def no_token() -> str:
    """Nothing to look at."""
    return "SLACK_BOT_TOKEN is not set; docs/slack.md says how to make an app and where its tokens are"
