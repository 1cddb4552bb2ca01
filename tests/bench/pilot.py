"""How many seeded single-edit faults the pilot repairs: `python -m tests.bench.pilot --json`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from adapters.llm.pilot.server import PilotServer
from tests.bench.faults import Fault, faults, make_tree, run_check

SEED = 20


class Outcome(NamedTuple):
    """Whether the check is green after the pilot's work, and how long it took, in seconds."""

    is_repaired: bool
    seconds: float
    told: str


def red_faults(wanted: int, seed: int = SEED) -> list[Fault]:
    """The first faults of a seed that turn their tests red."""
    found: list[Fault] = []
    for fault in faults(seed):
        if fault in found:
            continue
        with tempfile.TemporaryDirectory() as folder:
            command = make_tree(Path(folder), fault.subject, fault.source)
            if run_check(Path(folder), command) not in (0, 2):
                found.append(fault)
        if len(found) == wanted:
            return found
    raise AssertionError("the row of faults is endless")


async def repair(fault: Fault, base_url: str, api_key: str) -> Outcome:
    """Let the pilot's coder work on a fault, over HTTP, with tools that run on this machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        command = make_tree(folder, fault.subject, fault.source)
        started = time.monotonic()
        summary = await converse(folder, command, base_url, api_key)
        seconds = time.monotonic() - started
        green = await asyncio.to_thread(run_check, folder, command)
        return Outcome(green == 0, seconds, f"{fault.told} | {summary}")


async def converse(folder: Path, command: str, base_url: str, api_key: str) -> str:
    """The coder's whole conversation; the summary that it finishes with."""
    task = f"# Task T1: Repair\n\nThe tests fail.\n\n## Acceptance criteria\n1. They pass.\n   check: `{command}`\n"
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "You are the coder of orch.\n"},
        {"role": "user", "content": task},
    ]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {api_key}"}) as session:
        while True:
            body = {"model": "pilot", "messages": messages}
            async with session.post(f"{base_url}/chat/completions", json=body, raise_for_status=True) as response:
                message = (await response.json())["choices"][0]["message"]
            call = message["tool_calls"][0]
            arguments = json.loads(call["function"]["arguments"])
            if call["function"]["name"] == "finish":
                return str(arguments["summary"])
            result = await asyncio.to_thread(_execute, folder, call["function"]["name"], arguments)
            messages += [message, {"role": "tool", "tool_call_id": call["id"], "content": result}]


def _execute(folder: Path, tool: str, arguments: dict[str, Any]) -> str:
    if tool == "read_file":
        return Path(folder, str(arguments["path"])).read_text("utf-8", "replace")
    if tool == "str_replace":
        path = folder / arguments["path"]
        text = path.read_bytes().decode()
        if text.count(arguments["old"]) != 1:
            return f"`old` occurs {text.count(arguments['old'])} times"
        path.write_bytes(text.replace(arguments["old"], arguments["new"]).encode())
        return "changed"
    command = ["python", "-"] if tool == "run_python" else ["sh", "-c", arguments["command"]]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, input=arguments.get("code", "").encode(), cwd=folder, env=environment, timeout=arguments["timeout_s"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    return f"exit code: {done.returncode}\n{done.stdout.decode(errors='replace')[-5000:]}"


async def measure(wanted: int, seed: int = SEED) -> list[Outcome]:
    """The outcome for each of the first faults of a seed, one after the other."""
    server = PilotServer()
    base_url = await server.start()
    try:
        chosen = await asyncio.to_thread(red_faults, wanted, seed)
        return [await repair(fault, base_url, server.api_key) for fault in chosen]
    finally:
        await server.close()


def main() -> None:
    """Print the result: as JSON with --json, else a line for each fault too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    started = time.monotonic()
    outcomes = asyncio.run(measure(options.faults, options.seed))
    if not options.json:
        sys.stdout.writelines(f"{each.is_repaired!s:5} {each.seconds:5.1f} s  {each.told}\n" for each in outcomes)
    mean_s = sum(each.seconds for each in outcomes) / len(outcomes)
    result = {
        "repaired": sum(each.is_repaired for each in outcomes),
        "of": len(outcomes),
        "seconds": round(time.monotonic() - started, 1),
        "mean_repair_s": round(mean_s, 2),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
