"""Others that could keep the same entries durable, for the store's benchmark: SQLite, git fast-import, LangGraph's saver."""

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.store.commits import encode_commit
from engine.store.entry import Entry

Append = Callable[[Sequence[Entry]], object]
"""Makes a group durable; returns when it is."""


class SqliteLog:
    """The same bytes in SQLite, one transaction a group: each event's message, and each version of each file, found by path."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, message BLOB)")
        self._connection.execute("CREATE TABLE files (path TEXT, seq INTEGER, content BLOB, PRIMARY KEY (path, seq))")

    def append(self, entries: Sequence[Entry]) -> None:
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        for entry in entries:
            run("INSERT INTO events VALUES (?, ?)", (entry.seq, encode_commit(entry, tree="0" * 40, parent="0" * 40)))
            for path, content in entry.files.items():
                run("INSERT INTO files VALUES (?, ?, ?)", (path, entry.seq, content))
        run("COMMIT")

    def close(self) -> None:
        self._connection.close()


class FastImport:
    """One long-lived `git fast-import`, asked for a checkpoint after each group."""

    def __init__(self, repository: Path) -> None:
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(repository), "fast-import", "--quiet", "--done"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def append(self, entries: Sequence[Entry]) -> None:
        told, heard = self._process.stdin, self._process.stdout
        assert told
        assert heard
        told.write(b"".join(map(_as_command, entries)) + b"checkpoint\n\nprogress durable\n")
        told.flush()
        assert heard.readline() == b"progress durable\n"

    def close(self) -> None:
        self._process.communicate(b"done\n", timeout=60)


def _as_command(entry: Entry) -> bytes:
    _, _, message = encode_commit(entry, tree="0" * 40, parent="0" * 40).partition(b"\n\n")
    at = entry.at_ms // 1000
    pieces = [
        b"commit refs/heads/orch-state\n",
        f"author {entry.author} <{entry.author_email}> {at} +0000\n".encode(),
        f"committer orch engine <engine@orch.invalid> {at} +0000\n".encode(),
        b"data %d\n" % len(message), message, b"\n",
    ]  # fmt: skip
    for path, content in entry.files.items():
        if content is not None:
            pieces += [b"M 100644 inline ", path.encode(), b"\ndata %d\n" % len(content), content, b"\n"]
    return b"".join(pieces)


def langgraph_saver(path: Path) -> Callable[[dict[str, object]], None] | None:
    """What saves a whole state as LangGraph does after each step; None when LangGraph is not installed."""
    try:
        from langgraph.checkpoint.base import empty_checkpoint
        from langgraph.checkpoint.sqlite import SqliteSaver
    except ImportError:
        return None
    saver = SqliteSaver(sqlite3.connect(path, check_same_thread=False))
    saver.setup()
    at: dict[str, object] = {"configurable": {"thread_id": "R1", "checkpoint_ns": ""}}

    def save(state: dict[str, object]) -> None:
        nonlocal at
        checkpoint = {**empty_checkpoint(), "channel_values": state}
        at = saver.put(at, checkpoint, {"source": "loop", "step": 1, "parents": {}}, {})

    return save


def fdatasync_s(path: Path) -> float:
    """Seconds that one durable write of 4 KiB takes, appended to a file as a journal would."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(descriptor, bytes(4096))
        began = time.perf_counter()
        os.fdatasync(descriptor)
        return time.perf_counter() - began
    finally:
        os.close(descriptor)
