"""One client's WebSocket: what it wants to follow comes in, messages go out as fast as it takes them. Must not know runs.

A client that does not read is caught up by a snapshot; one that takes nothing at all for a while is closed.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from pydantic import TypeAdapter, ValidationError

from adapters.web.live import Hub, Outbox, Timer, Trouble, Watched, encode
from adapters.web.payloads import StreamTask, Subscribe, Unsubscribe, Wish
from adapters.web.problems import invalid
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId, read_label
from engine.model.streamed import Stream

HEARTBEAT_S: Final = 25.0
SEND_WITHIN_S: Final = 60.0
MAX_MESSAGE_BYTES: Final = 4_096
MAX_FOLLOWED: Final = 50
MAX_STREAMS: Final = 8
STREAM_PACE_S: Final = 0.2

_WISHES: Final[TypeAdapter[Wish]] = TypeAdapter(Wish)


class Client:
    """What one socket follows."""

    def __init__(self, hub: Hub, stream: Stream, board: Callable[[], Blackboard], actor: str) -> None:
        self.outbox = Outbox(actor)
        self._hub = hub
        self._stream = stream
        self._board = board
        self._streams: dict[str, Callable[[], None]] = {}
        self._spoken: dict[str, None] = {}
        self._pace = Timer(self._pass_on, STREAM_PACE_S)

    async def talk(self, socket: web.WebSocketResponse) -> None:
        """Serve the socket until either side ends it."""
        with ExitStack() as stack:
            stack.enter_context(self._hub.following(self.outbox))
            stack.callback(self._stop_streams)
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._send(socket))
                async for message in socket:
                    self._take(message)
                sending.cancel()

    async def _send(self, socket: web.WebSocketResponse) -> None:
        try:
            while True:
                message = await self.outbox.next(self._hub.catch_up)
                async with asyncio.timeout(SEND_WITHIN_S):
                    await socket.send_frame(message, WSMsgType.TEXT)
        except (ConnectionError, TimeoutError):
            # Gone, or as good as gone; a client that comes back says from where.
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, drain=False)

    def _take(self, message: WSMessage) -> None:
        if message.type is not WSMsgType.TEXT:
            return self._complain("messages are JSON text")
        try:
            wish = _WISHES.validate_json(message.data)
        except ValidationError as error:
            return self._complain(str(invalid(error, "message")))
        match wish:
            case Subscribe():
                self._subscribe(wish)
            case Unsubscribe():
                self.outbox.runs.discard(RunId(wish.run))
                self.outbox.forget(RunId(wish.run))
            case StreamTask():
                self._watch(wish)
        return None

    def _subscribe(self, wish: Subscribe) -> None:
        run = RunId(wish.run)
        if run not in self._board().runs:
            return self._complain(f"there is no run {run}")
        if len(self.outbox.runs) >= MAX_FOLLOWED and run not in self.outbox.runs:
            return self._complain(f"{MAX_FOLLOWED} runs are followed already; unsubscribe from one")
        self._hub.subscribe(self.outbox, run, wish.since)
        return None

    def _watch(self, wish: StreamTask) -> None:
        if not wish.on:
            if (stop := self._streams.pop(wish.task, None)) is not None:
                stop()
        elif len(self._streams) >= MAX_STREAMS:
            self._complain(f"{MAX_STREAMS} tasks are streamed already; turn one off")
        elif wish.task not in self._streams:
            self._streams[wish.task] = self._stream.listen(wish.task, self._heard)

    def _heard(self, label: str) -> None:
        self._spoken[label] = None
        self._pace.due()

    def _pass_on(self) -> None:
        for label in self._spoken:
            if (said := self._stream.said(label)) is not None:
                run, task, attempt, by = read_label(label)
                turn = Watched(run, task, attempt, "review" if by else "work", said.text, said.is_done)
                # The text so far replaces the one before, so that a slow client skips and never queues.
                self.outbox.put_latest(label, encode(turn))
        self._spoken = {}

    def _complain(self, detail: str) -> None:
        self.outbox.put(encode(Trouble(detail)))

    def _stop_streams(self) -> None:
        self._pace.cancel()
        for stop in self._streams.values():
            stop()
        self._streams.clear()


def new_socket() -> web.WebSocketResponse:
    """A socket that pings, takes small messages only, and is not compressed: 200 clients would cost 200 compressors."""
    return web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE_BYTES, compress=False)
