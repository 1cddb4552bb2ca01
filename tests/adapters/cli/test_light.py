"""`orch --help` is quick: whoever asks for help pays for help alone."""

import json
import subprocess
import sys
from typing import Any

HEAVY = ("litellm", "aiohttp", "discord", "slack_bolt", "slack_sdk", "pygit2", "pydantic", "asyncio", "msgspec")
BARE = "import argparse, json, subprocess, sys, time; print(json.dumps(time.process_time()), file=sys.stderr)"
MAX_TIMES_BARE = 12
"""Processor time against a program of the standard library's that starts and ends: it is about 6."""
PROGRAM = f"""
import json, sys, time
from adapters.cli.main import main
try:
    main(["--help"])
except SystemExit:
    found = [name for name in {HEAVY!r} if name in sys.modules]
    print(json.dumps({{"cpu_s": time.process_time(), "heavy": found}}), file=sys.stderr)
"""


def _ended(program: str) -> tuple[str, Any]:
    """What the program wrote, and the JSON on its last line of errors."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout, json.loads(done.stderr.splitlines()[-1])


def test_help_is_light_and_names_every_command():
    written, measured = _ended(PROGRAM)
    assert measured["heavy"] == []
    bare = min(_ended(BARE)[1] for _ in range(3))
    assert min(measured["cpu_s"], *(_ended(PROGRAM)[1]["cpu_s"] for _ in range(2))) < MAX_TIMES_BARE * bare
    for command in ("start", "resume", "status", "list", "show", "logs", "decide", "pause", "cancel", "interrupt"):
        assert f" {command} " in written
