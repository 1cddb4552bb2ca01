"""The crew, by name; must not hold anything else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.core.entities import RoleName
from engine.crew.coder import CODER
from engine.crew.director import DIRECTOR
from engine.crew.guardian import GUARDIAN
from engine.crew.integrator import INTEGRATOR
from engine.crew.merger import MERGER
from engine.crew.planner import PLANNER
from engine.crew.researcher import RESEARCHER
from engine.crew.role import Role
from engine.crew.strategist import STRATEGIST
from engine.crew.test_architect import TEST_ARCHITECT
from engine.crew.tester import TESTER
from engine.crew.writer import WRITER

ROLES: Mapping[RoleName, Role] = MappingProxyType(
    {
        role.name: role
        for role in (
            DIRECTOR,
            PLANNER,
            INTEGRATOR,
            CODER,
            TESTER,
            TEST_ARCHITECT,
            RESEARCHER,
            WRITER,
            MERGER,
            STRATEGIST,
            GUARDIAN,
        )
    }
)
