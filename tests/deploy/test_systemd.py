"""The service's unit says of orch what is so."""

import re
import shlex
from pathlib import Path

from adapters.cli.errors import BAD_INPUT, TERMINATED

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "orch@.service"


def test_the_unit_starts_orch_up_and_knows_its_exit_codes():
    said = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE))
    command, *arguments = shlex.split(said["ExecStart"])
    assert (Path(command).name, arguments) == ("orch", ["up", "-C", "%f"])
    assert (int(said["SuccessExitStatus"]), int(said["RestartPreventExitStatus"])) == (TERMINATED, BAD_INPUT)
    assert int(said["TimeoutStopSec"]) > 10
    assert "RestrictNamespaces" not in said
