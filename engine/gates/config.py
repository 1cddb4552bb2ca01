"""A gate as the gates know it: the core's own struct, which the run's record keeps too."""

from engine.core.entities import GateSpec as Gate

__all__ = ["Gate"]
