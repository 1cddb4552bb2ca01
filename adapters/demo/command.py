"""`orch demo`: makes the sample, runs the real engine on it with the pilot, and shows what came of it.

Started again in the same folder, it continues what was cut off.
"""

import asyncio
import tempfile
from pathlib import Path

from adapters.cli import output
from adapters.demo.outcome import Outcome, look_back, tell
from adapters.demo.play import play
from adapters.demo.sample import is_sample, make_sample
from engine.clock import SystemClock


def demo(dir: Path | None, json: bool) -> int:  # noqa: A002 - the option's name
    """The exit code: 0 when everything landed, the tests on `main` are green and every receipt holds; else 1.

    Raises: NoRoomForDemo, StoryWentAnotherWay; what open_session raises.
    """
    clock = SystemClock()
    began_s = clock.monotonic()
    folder = (dir or Path(tempfile.mkdtemp(prefix="orch-demo-")) / "teashop").absolute()
    if not is_sample(folder):
        make_sample(folder)
    outcome = asyncio.run(_show(folder, as_json=json))
    seconds = clock.monotonic() - began_s
    if json:
        output.say_json(outcome)
    else:
        output.say("\n".join(tell(outcome, folder, seconds)))
    return 0 if outcome.is_good else 1


async def _show(folder: Path, *, as_json: bool) -> Outcome:
    run = await play(folder, is_quiet=as_json)
    return await look_back(folder, run)
