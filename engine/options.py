"""What the engine is told at its start, as plain data; where it comes from (files, environment) is the adapters' business."""

from collections.abc import Mapping

import msgspec

from engine.agent.outcome import Limits
from engine.core.entities import RoleName
from engine.model.lanes import Rates


class Options(msgspec.Struct, frozen=True):
    """`models` overrides `model` for a role, `fallbacks` names by model who takes over while it is out of reach, `rates` by provider how
    fast it may be asked; a run that is finished cheaply thinks with `cheap_model`, or with the cheapest of `choices`. `setup` prepares each
    worktree, `include` names untracked files to copy in, `hidden` are paths that no command may see, `network` opens the host's network
    to commands. `keep_logs_days` after its end a run goes to the archive.
    """

    model: str
    models: Mapping[RoleName, str] = {}
    fallbacks: Mapping[str, tuple[str, ...]] = {}
    rates: Mapping[str, Rates] = {}
    cheap_model: str = ""
    choices: tuple[str, ...] = ()
    limits: Limits = Limits()
    setup: str = ""
    setup_timeout_s: float = 600.0
    check_timeout_s: float = 300.0
    include: tuple[str, ...] = ()
    network: bool = False
    hidden: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    keep_logs_days: float = 30.0

    def model_for(self, role: RoleName) -> str:
        """The model that the role thinks with."""
        return self.models.get(role, self.model)
