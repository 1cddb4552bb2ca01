"""The integrator: makes one plan of several domains' plans; must not plan tasks of its own."""

from __future__ import annotations

from engine.crew.kits import READING
from engine.crew.results import IntegrationResult
from engine.crew.role import Role

INTEGRATOR = Role(
    name="integrator",
    prompts=("integrator.md", "shared.md"),
    tools=(*READING, "log_design_decision", "escalate"),
    finish=IntegrationResult,
    does="puts the plans of several domains together, before any of their tasks starts",
    brings="links between domains, and the tasks that are left out, with the reason",
    more=("post_insight", "project_info", "git_log"),
)
