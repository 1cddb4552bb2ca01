"""The researcher: finds an answer, in the repository or the web, and says what it rests on; must not change anything."""

from __future__ import annotations

from engine.crew.kits import READING, RUNNING
from engine.crew.results import FindingsResult
from engine.crew.role import Role

RESEARCHER = Role(
    name="researcher",
    prompts=("researcher.md", "shared.md"),
    tools=(*READING, *RUNNING, "web_search", "post_insight", "escalate"),
    finish=FindingsResult,
    does="answers a question from the repository and the web; what it writes into its tree is thrown away",
    brings="findings with sources, which the engine checks and tells to those who wait",
    more=("log_design_decision", "project_info", "git_log"),
)
