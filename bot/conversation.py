"""From what a person did to what they are told: known deed? right place? understood? allowed? done. Must not know a platform.

Only buttons and commands act; a sentence that is no command never does. Every refusal is private, says why, and is logged.
"""

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress
from typing import Final

import msgspec

from bot.call import Call, refusal, run_about
from bot.desk import Desk
from bot.grammar import BY_NAME, Command, Param
from bot.handlers.decide import form_for
from bot.handlers.table import HANDLERS
from bot.home import home_of
from bot.messages import Home, Message, Notice, redacted
from bot.parser import Mistake, Parsed, parse_line, parse_values
from bot.port import Actor, ChatDown, ChatGone, ChatPort, Invocation
from bot.replies import orders as order_say
from bot.replies import people as say
from bot.shown import plain
from bot.threads import run_of_thread
from engine.clock import iso
from engine.ledger import LedgerStopped

logger = logging.getLogger(__name__)

MAX_REMEMBERED: Final = 10_000
MAX_RESOLVE_S: Final = 2.0
MAX_REPLY_TRIES: Final = 4
MAX_REPLY_WAIT_S: Final = 30.0
DECIDE: Final = Command(
    "decide", "answer a question", "approver",
    tuple(Param(name, "text", "") for name in ("decision", "generation", "choice", "changes", "then", "amount", "tokens")),
)  # fmt: skip
"""What a button under a question says; nobody types it."""
_MAY_ANSWER: Final = frozenset({"resume", "restart", "replan", "spawn", "budget"})
"""What others than approvers may say, and what can amount to an answer all the same."""
HOME: Final = Command("home", "what needs you, and your runs", "viewer")
"""What a person's own page asks for; nobody types it."""


class Conversation:
    """Answers what people do, each in its own time: `handle` may run many times at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._done: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def handle(self, invocation: Invocation) -> None:
        """Do what was asked and answer it. A deed that was seen before is passed over; one that fails by a fault of ours is
        logged and answered, and costs nobody else anything.

        Raises: LedgerStopped when nothing can be recorded any more.
        """
        if self._is_known(invocation):
            return
        port = self._desk.ports[invocation.place.adapter]
        try:
            told = await self._answer(invocation)
            if told is not None:
                # What only looks at the board waits for no order, and git is to know first what a chat is told.
                await self._desk.engine.flush()
                await _reply(port, invocation, redacted(told, self._desk.redact))
        except (ChatDown, ChatGone) as error:
            # What was asked is done and durable; the thread tells it as soon as the chat is back.
            logger.warning(
                "no reply", extra={"action": "reply_failed", "place": str(invocation.place), "why": str(error)}
            )
        except LedgerStopped:
            raise
        except Exception:
            logger.exception("deed failed", extra={"action": "deed_failed", "place": str(invocation.place)})
            with suppress(ChatDown, ChatGone):
                await port.reply(invocation, refusal(order_say.stumbled()))

    def _is_known(self, invocation: Invocation) -> bool:
        key = (invocation.place.adapter, invocation.dedupe_key)
        if key in self._done:
            return True
        self._done[key] = None
        if len(self._done) > MAX_REMEMBERED:
            self._done.popitem(last=False)
        return False

    async def _answer(self, invocation: Invocation) -> Message | None:
        if not self._desk.people.allows(invocation.place):
            return self._refused(invocation, say.not_here(str(invocation.place)))
        parsed = self._understood(invocation)
        # What is wrong with a sentence is told to those alone who may see anything.
        needed = Parsed(BY_NAME["help"], {}) if isinstance(parsed, Mistake) else parsed
        invocation = await self._with_groups(invocation, needed)
        if not self._may(invocation, needed):
            return self._refused(invocation, self._why_not(invocation.actor, needed.command))
        if isinstance(parsed, Mistake):
            return self._refused(invocation, parsed.sentence)
        call = self._call(invocation, parsed)
        if parsed.command is DECIDE and await self._asks_form(call):
            return None
        told = await HANDLERS[parsed.command.name](self._desk, call)
        return self._at_home(invocation.actor, told) if invocation.is_home else told

    def _at_home(self, actor: Actor, told: Message) -> Message:
        """The person's own page after what they did there, which it says."""
        if isinstance(told, Home):
            return told
        return home_of(self._desk.engine.board, self._desk.people, actor, plain(told))

    def _understood(self, invocation: Invocation) -> Parsed | Mistake:
        match invocation.kind:
            case "click" | "form" if invocation.name == DECIDE.name:
                return Parsed(DECIDE, {**invocation.args, **invocation.values})
            case "click" | "form" if invocation.name not in BY_NAME:
                return Mistake(order_say.control_out_of_date())
            case "command" if invocation.is_home:
                return Parsed(HOME, {})
            case "command" | "mention" if not invocation.name:
                return self._typed(invocation)
            case _:
                return parse_values(invocation.name, {**invocation.args, **invocation.values})

    def _typed(self, invocation: Invocation) -> Parsed | Mistake:
        parsed = parse_line(invocation.args.get("text", ""))
        if isinstance(parsed, Mistake) and invocation.kind == "mention" and not _begins_with_verb(invocation):
            board = self._desk.engine.board
            run = run_of_thread(board, invocation.place, invocation.thread)
            if any(decision.run == run for decision in board.open_decisions.values()):
                return Mistake(order_say.free_text_never_decides())
        return parsed

    def _may(self, invocation: Invocation, parsed: Parsed) -> bool:
        people, actor = self._desk.people, invocation.actor
        if people.may(actor, parsed.command.role):
            return True
        if parsed.command.role != "approver":
            return False
        board = self._desk.engine.board
        run = run_about(board, self._call(invocation, parsed))
        return run is not None and people.may_decide(actor, board.runs[run])

    async def _with_groups(self, invocation: Invocation, parsed: Parsed) -> Invocation:
        """The deed with its actor's groups, asked for only when they matter, as they do for what a page may show and for what may
        turn out to be an answer; without, when the platform does not answer.
        """
        matter = invocation.is_home or parsed.command.name in _MAY_ANSWER or not self._may(invocation, parsed)
        if invocation.actor.groups or not matter or self._desk.people.may(invocation.actor, "approver"):
            return invocation
        try:
            async with asyncio.timeout(MAX_RESOLVE_S):
                found = await self._desk.ports[invocation.place.adapter].resolve(invocation.actor.id)
        except (ChatDown, ChatGone, TimeoutError):
            return invocation
        return msgspec.structs.replace(invocation, actor=found)

    def _why_not(self, actor: Actor, command: Command) -> str:
        has = self._desk.people.role_of(actor)
        return say.no_role(actor.id) if has is None else say.role_too_low(actor.id, has, command.role, command.name)

    async def _asks_form(self, call: Call) -> bool:
        """Whether a form, or a sentence that teaches, was put to the person instead of acting on the click."""
        form = form_for(self._desk.engine.board, call)
        port = self._desk.ports[call.invocation.place.adapter]
        if form is None:
            return False
        if port.caps.modals:
            await port.ask_form(call.invocation, form)
        else:
            told = order_say.needs_form(
                form.submit, order_say.typed_instead(call.text("choice"), call.text("decision"))
            )
            await port.reply(call.invocation, refusal(told))
        return True

    def _call(self, invocation: Invocation, parsed: Parsed) -> Call:
        return Call(invocation, parsed.command, parsed.values, iso(self._desk.clock.now_ms()))

    def _refused(self, invocation: Invocation, sentence: str) -> Notice:
        extra = {"action": "refused", "actor": invocation.actor.id, "place": str(invocation.place), "why": sentence}
        logger.info("refused", extra=extra)
        return refusal(self._desk.redact(sentence))


async def _reply(port: ChatPort, invocation: Invocation, told: Message) -> None:
    """Answer; a platform that says how long to wait, and so has not done it, is asked again."""
    for _ in range(MAX_REPLY_TRIES - 1):
        try:
            return await port.reply(invocation, told)
        except ChatDown as error:
            if not 0 < error.retry_after_s <= MAX_REPLY_WAIT_S:
                raise
            await asyncio.sleep(error.retry_after_s)
    return await port.reply(invocation, told)


def _begins_with_verb(invocation: Invocation) -> bool:
    words = invocation.args.get("text", "").split(maxsplit=1)
    return bool(words) and words[0].casefold() in BY_NAME
