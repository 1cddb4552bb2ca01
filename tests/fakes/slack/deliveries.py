"""How what people do reaches the bot: as envelopes over a socket, or as signed requests; in time and once, or not."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
import msgspec

from tests.fakes.slack.sockets import Sockets
from tests.fakes.slack.workspace import Workspace

Kind = Literal["slash_commands", "interactive", "events_api"]
ACK_WITHIN_S = 3.0
RETRY_AFTER_S = (0.0, 60.0, 300.0)
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class Outcome(msgspec.Struct):
    """Whether it was acknowledged in time, after how long, and what came along."""

    is_acked: bool
    after_s: float
    body: dict[str, Any] | None = None


class Deliveries:
    """`bot_url` is where requests go in HTTP mode; empty for Socket Mode. `outcomes` tells of every delivery.

    `copies` delivers everything so many times, `delay_s` late; between `hold` and `release` nothing goes out.
    """

    def __init__(self, space: Workspace, sockets: Sockets) -> None:
        self._space = space
        self._sockets = sockets
        self.bot_url = ""
        self.secret = SECRET
        self.stamp_s: Callable[[], float] = time.time
        self.copies = 1
        self.delay_s = 0.0
        self.outcomes: list[tuple[Kind, Outcome]] = []
        self._held: list[asyncio.Future[None]] | None = None
        self._tasks: asyncio.TaskGroup | None = None

    def use(self, tasks: asyncio.TaskGroup) -> None:
        """Who waits for what goes on by itself."""
        self._tasks = tasks

    def hold(self) -> None:
        """Keep back what people do from now on."""
        self._held = []

    async def release(self, *, is_reversed: bool = False) -> None:
        """Let it go, the last first if so wanted."""
        held, self._held = self._held or [], None
        for each in reversed(held) if is_reversed else held:
            each.set_result(None)
            await asyncio.sleep(0.01)

    async def bring(self, kind: Kind, payload: dict[str, Any]) -> Outcome:
        """The outcome of the first delivery; events that were not acknowledged are tried three times more."""
        if self._held is not None:
            turn = asyncio.get_running_loop().create_future()
            self._held.append(turn)
            await turn
        await asyncio.sleep(self.delay_s)
        outcome, *_ = await asyncio.gather(*(self._once(kind, payload, 0) for _ in range(self.copies)))
        if not outcome.is_acked and kind == "events_api" and self._tasks is not None:
            _ = self._tasks.create_task(self._again(kind, payload))
        return outcome

    async def _again(self, kind: Kind, payload: dict[str, Any]) -> None:
        for number, wait_s in enumerate(RETRY_AFTER_S, 1):
            await asyncio.sleep(wait_s)
            if (await self._once(kind, payload, number)).is_acked:
                return

    async def _once(self, kind: Kind, payload: dict[str, Any], retry: int) -> Outcome:
        loop = asyncio.get_running_loop()
        began = loop.time()
        bring = self._by_request if self.bot_url else self._by_socket
        is_acked, body = await bring(kind, payload, retry)
        outcome = Outcome(is_acked, loop.time() - began, body)
        self.outcomes.append((kind, outcome))
        return outcome

    async def _by_socket(self, kind: Kind, payload: dict[str, Any], retry: int) -> tuple[bool, dict[str, Any] | None]:
        envelope: dict[str, Any] = {
            "envelope_id": self._space.next_id("envelope"), "type": kind, "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }  # fmt: skip
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        ack = await self._sockets.send(envelope, ACK_WITHIN_S)
        return ack is not None, ack.payload if ack is not None else None

    async def _by_request(self, kind: Kind, payload: dict[str, Any], retry: int) -> tuple[bool, dict[str, Any] | None]:
        body = _body(kind, payload)
        headers = self.signed(body)
        headers["Content-Type"] = "application/json" if kind == "events_api" else "application/x-www-form-urlencoded"
        if retry:
            headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": "http_timeout"}
        limit = aiohttp.ClientTimeout(total=ACK_WITHIN_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(self.bot_url, data=body, headers=headers) as answer,
            ):
                told = await answer.text()
                return answer.status == 200, _told(told)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False, None

    def signed(self, body: str) -> dict[str, str]:
        """The headers by which the bot knows that it was Slack."""
        stamp = str(int(self.stamp_s()))
        digest = hmac.new(self.secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def _body(kind: Kind, payload: dict[str, Any]) -> str:
    match kind:
        case "slash_commands":
            return urlencode(payload)
        case "interactive":
            return urlencode({"payload": json.dumps(payload)})
        case "events_api":
            return json.dumps(payload)


def _told(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        told = json.loads(text)
    except ValueError:
        return {"text": text}
    return told if isinstance(told, dict) else None
