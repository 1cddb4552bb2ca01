"""The gateway: one socket to a bot, over which Discord tells what happens. Sessions outlive their sockets and are resumed.

Its heart asks for a beat as often as it said in HELLO, which Discord may do at any time: a library's own heart beats in real
time, and a test's time jumps. Source: Discord's documentation, Gateway.
"""

import asyncio
import json
import secrets
import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from tests.fakes.discord.powers import VIEW
from tests.fakes.discord.world import DIRECT, SYNCED, Body, Happened, World, is_thread

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0,
    1,
    2,
    3,
    6,
    7,
    8,
    9,
    10,
    11,
)
GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15
PRIVILEGED = 1 << 1 | 1 << 8 | MESSAGE_CONTENT
KNOWN_INTENTS = (1 << 22) - 1 & ~(0b11 << 17 | 1 << 19) | 0b11 << 24
BEAT_S, IDENTIFY_GAP_S, SESSION_S, MOST_SENT_A_MINUTE = 41.25, 5.0, 300.0, 120


class Session(msgspec.Struct):
    """What a bot was told, by number; `line` is its socket as long as it has one."""

    name: str
    intents: int
    told: list[Body] = []
    line: "Line | None" = None
    left_at_ms: int = 0

    @property
    def seq(self) -> int:
        return len(self.told)


class Closed(Exception):
    """The socket ends with a code of Discord's."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Line:
    """One socket. What is to be sent waits in a queue, so that to tell something never waits."""

    def __init__(self, gateway: "Gateway", socket: web.WebSocketResponse, *, is_packed: bool) -> None:
        self._gateway = gateway
        self._socket = socket
        self._packer = zlib.compressobj() if is_packed else None
        self.queue: asyncio.Queue[Body | int] = asyncio.Queue()
        self.session: Session | None = None
        self.beats_asked = 0
        self._received: list[int] = []

    async def write(self) -> None:
        """Send what waits, until a code to close with comes."""
        while isinstance(told := await self.queue.get(), dict):
            if told["op"] == DISPATCH and self._gateway.delay_s:
                await asyncio.sleep(self._gateway.delay_s)
            for _ in range(self._gateway.copies if told["op"] == DISPATCH else 1):
                await self._send(json.dumps(told))
        await self._socket.close(code=told)

    async def read(self) -> None:
        """Take what the bot says until it is gone."""
        async for message in self._socket:
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                return
            try:
                self._take(_understood(message.data))
            except Closed as closed:
                self.queue.put_nowait(closed.code)

    async def beat(self) -> None:
        """Ask for a beat again and again; a bot that does not answer is given up."""
        while True:
            await asyncio.sleep(BEAT_S)
            if self.beats_asked > 1:
                self.queue.put_nowait(4009)
            self.beats_asked += 1
            self.queue.put_nowait({"op": HEARTBEAT, "d": None})

    def break_off(self) -> None:
        """The connection breaks, without a word."""
        transport = self._socket._req.transport if self._socket._req is not None else None
        if transport is not None:
            transport.abort()

    async def _send(self, text: str) -> None:
        with suppress(ConnectionError):
            if self._packer is None:
                await self._socket.send_str(text)
            else:
                await self._socket.send_bytes(
                    self._packer.compress(text.encode()) + self._packer.flush(zlib.Z_SYNC_FLUSH)
                )

    def _take(self, told: Mapping[str, Any]) -> None:
        now = self._gateway.world.now_ms()
        self._received = [at for at in self._received if at > now - 60_000] + [now]
        if len(self._received) > MOST_SENT_A_MINUTE:
            raise Closed(4008)
        match told.get("op"):
            case 1:
                self.beats_asked = 0
                self.queue.put_nowait({"op": ACK, "d": None})
            case 2:
                self._gateway.identify(self, told["d"])
            case 6:
                self._gateway.resume(self, told["d"])
            case 3 | 8:
                if self.session is None:
                    raise Closed(4003)
            case _:
                raise Closed(4001)


class Gateway:
    """The sessions. `delay_s` is how late each event is told and `copies` how often; `identified` counts new sessions."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.delay_s = 0.0
        self.copies = 1
        self.identified = 0
        self.resumed = 0
        self._last_identify_ms = 0
        world.listeners.append(self._hear)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """A bot calls."""
        if request.query.get("compress") not in {None, "zlib-stream"}:
            return web.Response(status=400, text="compress: zlib-stream or nothing")
        socket = web.WebSocketResponse(autoping=True, max_msg_size=4_096)
        await socket.prepare(request)
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            await socket.close(code=4012)
            return socket
        line = Line(self, socket, is_packed="compress" in request.query)
        line.queue.put_nowait({"op": HELLO, "d": {"heartbeat_interval": int(BEAT_S * 1000)}})
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(line.write()), group.create_task(line.beat())]
            try:
                await line.read()
            finally:
                for task in tasks:
                    task.cancel()
                if line.session is not None and line.session.line is line:
                    line.session.line = None
                    line.session.left_at_ms = self.world.now_ms()
        return socket

    def identify(self, line: Line, told: Mapping[str, Any]) -> None:
        """A bot says who it is, and which events it wants.

        Raises: Closed.
        """
        if line.session is not None:
            raise Closed(4005)
        if told.get("token") != self.world.token:
            raise Closed(4004)
        intents = told.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            raise Closed(4013)
        if intents & PRIVILEGED & ~self.world.allowed_intents:
            raise Closed(4014)
        now = self.world.now_ms()
        if self._last_identify_ms and now - self._last_identify_ms < IDENTIFY_GAP_S * 1000:
            line.queue.put_nowait({"op": INVALID, "d": False})
            return
        self._last_identify_ms = now
        self.identified += 1
        session = Session(secrets.token_hex(16), intents, line=line)
        self.sessions[session.name] = line.session = session
        self._tell(session, "READY", self._ready(session))
        if self.world.is_member and intents & GUILDS:
            self._tell(session, "GUILD_CREATE", self._guild())

    def resume(self, line: Line, told: Mapping[str, Any]) -> None:
        """A bot goes on where its socket broke, and hears what it missed.

        Raises: Closed.
        """
        if told.get("token") != self.world.token:
            raise Closed(4004)
        session, seq = self.sessions.get(str(told.get("session_id"))), told.get("seq")
        is_over = session is None or (
            session.line is None and self.world.now_ms() - session.left_at_ms > SESSION_S * 1000
        )
        if session is None or is_over:
            line.queue.put_nowait({"op": INVALID, "d": False})
            return
        if not isinstance(seq, int) or seq > session.seq:
            raise Closed(4007)
        self.resumed += 1
        session.line, line.session = line, session
        for each in session.told[seq:]:
            line.queue.put_nowait(each)
        self._tell(session, "RESUMED", {})

    def break_off(self) -> None:
        """Every connection breaks."""
        for session in self.sessions.values():
            if session.line is not None:
                session.line.break_off()

    def ask_to_reconnect(self) -> None:
        """Discord moves the bot to another server of its own (op 7)."""
        self._to_all({"op": RECONNECT, "d": None})

    def forget(self, *, may_resume: bool = False) -> None:
        """Discord lost the session (op 9)."""
        self._to_all({"op": INVALID, "d": may_resume})
        if not may_resume:
            self._last_identify_ms = 0

    def close(self, code: int) -> None:
        """Every connection is closed with the code."""
        self._to_all(code)

    def _to_all(self, told: Body | int) -> None:
        for session in self.sessions.values():
            if session.line is not None:
                session.line.queue.put_nowait(told)

    def _hear(self, happened: Happened) -> None:
        for session in self.sessions.values() if happened.name != SYNCED else ():
            body = self._seen(session.intents, happened)
            if body is not None:
                self._tell(session, happened.name, body)

    def _tell(self, session: Session, name: str, body: Body) -> None:
        told = {"op": DISPATCH, "t": name, "s": session.seq + 1, "d": json.loads(json.dumps(body))}
        session.told.append(told)
        if session.line is not None:
            session.line.queue.put_nowait(told)

    def _seen(self, intents: int, happened: Happened) -> Body | None:
        """What a bot with these intents sees of it."""
        name, body, world = happened.name, happened.body, self.world
        if name == "INTERACTION_CREATE":
            return body
        channel = world.channels.get(str(body.get("channel_id", body["id"])), body)
        is_direct = channel.get("type") == DIRECT
        wanted = GUILDS if not name.startswith("MESSAGE_") else DIRECT_MESSAGES if is_direct else GUILD_MESSAGES
        is_visible = channel["id"] not in world.channels or bool(world.powers(world.me, channel["id"]) & VIEW)
        if not intents & wanted or not is_visible:
            return None
        is_ours = is_direct or body.get("author", {}).get("id") == world.me
        is_called = any(user["id"] == world.me for user in body.get("mentions", ()))
        if name.startswith("MESSAGE_") and not (intents & MESSAGE_CONTENT or is_ours or is_called):
            return {
                **body,
                **({"content": "", "embeds": [], "attachments": [], "components": []} if "author" in body else {}),
            }
        return body

    def _ready(self, session: Session) -> Body:
        world = self.world
        return {
            "v": 10, "user": world.users[world.me], "guilds": [{"id": world.guild, "unavailable": True}] if world.is_member else [],
            "session_id": session.name, "session_type": "normal", "resume_gateway_url": world.gateway_url,
            "application": {"id": world.app, "flags": 0}, "relationships": [], "private_channels": [],
        }  # fmt: skip

    def _guild(self) -> Body:
        world = self.world
        visible = [
            each
            for each in world.channels.values()
            if each["type"] != DIRECT and world.powers(world.me, each["id"]) & VIEW
        ]
        return {
            **world.guild_body(), "joined_at": world.members[world.me]["joined_at"], "large": False, "unavailable": False,
            "member_count": len(world.members), "voice_states": [], "members": [world.members[world.me]], "presences": [],
            "channels": [each for each in visible if not is_thread(each)], "stage_instances": [], "guild_scheduled_events": [],
            "threads": [each for each in visible if is_thread(each) and not each["thread_metadata"]["archived"]],
            "soundboard_sounds": [],
        }  # fmt: skip


def _understood(held: str | bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(held)
    except ValueError:
        raise Closed(4002) from None
    if not isinstance(told, dict):
        raise Closed(4002)
    return told
