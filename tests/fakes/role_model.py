"""A model that plays the whole crew: it answers by role, task, attempt and turn. Its edits are real, and so is what they break."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from engine.model.types import ModelError, Reply, Request
from tests.fakes.model import calls

Step = Reply | ModelError | Callable[[Request], Awaitable[Reply]]
Attempt = Sequence[Step]
_TITLE = re.compile(r"# (?:Task|Review of task) T\d+: (.*)")
_ATTEMPT = re.compile(r"/a(\d+)")


def planned(title: str, *depends_on: str, check: str = "python3 -m unittest -q", **more: Any) -> dict[str, Any]:
    """A coder's task as a planner writes it; its key is the title's last word."""
    criteria = [{"text": "it works", "check": check}]
    task = {"key": title.split()[-1], "title": title, "role": "coder", "description": f"{title}, as it should be."}
    return task | {"criteria": criteria, "depends_on": list(depends_on)} | more


def replaces(path: str, old: str, new: str) -> Reply:
    """Reads the file first, as the tool demands, and replaces a text in it."""
    return calls(("read_file", {"path": path}), ("str_replace", {"path": path, "old": old, "new": new}))


def writes(path: str, content: str) -> Reply:
    return calls(("write_file", {"path": path, "content": content}))


def runs(command: str, timeout_s: float = 60) -> Reply:
    return calls(("run_shell", {"command": command, "timeout_s": timeout_s}))


def done(summary: str = "done") -> Reply:
    return calls(("finish", {"summary": summary}))


def passes() -> Reply:
    return calls(("finish", {"passed": True, "criteria": [{"number": 1, "passed": True, "evidence": "check 1"}]}))


def rejects(feedback: str) -> Reply:
    verdict = {"passed": False, "criteria": [{"number": 1, "passed": False, "evidence": "the diff"}]}
    return calls(("finish", verdict | {"feedback": feedback}))


class RoleModel:
    """`plans` are played in turn; `work` holds the attempts of a task by its title, the last one for all that follow.

    `joined` are the integrator's replies in turn, for more `domains` than one. `reviews` holds verdicts, or errors, by title, one a call; when they are used up, or there are none, the work passes.
    """

    def __init__(
        self,
        *plans: Sequence[dict[str, Any]],
        work: Mapping[str, Sequence[Attempt]],
        reviews: Mapping[str, Sequence[Reply | ModelError]] | None = None,
        domains: Sequence[dict[str, Any]] = ({"title": "All of it", "description": "the whole objective"},),
        joined: Sequence[Reply] = (),
    ) -> None:
        self._plans = list(plans)
        self._domains, self._joined = list(domains), list(joined)
        self._work = work
        self._reviews = {title: list(verdicts) for title, verdicts in (reviews or {}).items()}
        self.requests: list[Request] = []

    def briefs(self, title: str) -> list[str]:
        """The first messages of the task's attempts, in order."""
        first = [request for request in self.requests if len(request.messages) == 2 and "/review" not in request.label]
        return [request.messages[1].content for request in first if _title_of(request) == title]

    async def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        role = request.messages[0].content.split("\n")[0]
        if "director" in role:
            return calls(("finish", {"spec": {"summary": "as asked"}, "domains": self._domains}))
        if "integrator" in role:
            return self._joined.pop(0)
        if "planner" in role:
            return calls(("finish", {"tasks": self._plans.pop(0)}))
        step = self._verdict(request) if "strategist" in role else self._step(request)
        if isinstance(step, ModelError):
            raise step
        return step if isinstance(step, Reply) else await step(request)

    def _verdict(self, request: Request) -> Reply | ModelError:
        verdicts = self._reviews.get(_title_of(request), [])
        return verdicts.pop(0) if verdicts else passes()

    def _step(self, request: Request) -> Step:
        found = _ATTEMPT.search(request.label)
        assert found is not None, request.label
        attempts = self._work[_title_of(request)]
        attempt = attempts[min(int(found[1]), len(attempts)) - 1]
        return attempt[sum(message.role == "assistant" for message in request.messages)]


def _title_of(request: Request) -> str:
    found = _TITLE.match(request.messages[1].content)
    return found[1] if found else ""
