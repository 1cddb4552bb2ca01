"""`orch --help` is quick: whoever asks for help pays for help alone."""

import json
import subprocess
import sys

HEAVY = ("litellm", "aiohttp", "discord", "slack_bolt", "slack_sdk", "pygit2", "pydantic", "asyncio", "msgspec")
MAX_CPU_S = 0.8
"""Twice what it takes on a slow machine."""
PROGRAM = f"""
import json, sys, time
from adapters.cli.main import main
try:
    main(["--help"])
except SystemExit:
    found = [name for name in {HEAVY!r} if name in sys.modules]
    print(json.dumps({{"cpu_s": time.process_time(), "heavy": found}}), file=sys.stderr)
"""


def test_help_is_light_and_names_every_command():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    measured = json.loads(done.stderr.splitlines()[-1])
    assert measured["heavy"] == []
    assert measured["cpu_s"] < MAX_CPU_S
    for command in ("start", "resume", "status", "list", "show", "logs", "decide", "pause", "cancel", "interrupt"):
        assert f" {command} " in done.stdout
