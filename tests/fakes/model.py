"""A model that says what it was told to: a list of replies, in order, each fixed or computed from the request."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from engine.model.types import Finish, ModelError, Reply, Request, ToolCall, Usage

Step = Reply | ModelError | Callable[[Request], Reply]
USAGE = Usage(prompt_tokens=100, completion_tokens=10, cached_tokens=50)


class ScriptedModel:
    """Plays its steps one after the other and records every request; more calls than steps are a test's mistake."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = list(steps)
        self.requests: list[Request] = []

    async def complete(self, request: Request, on_delta: Callable[[str], None] | None = None) -> Reply:
        self.requests.append(request)
        if not self._steps:
            raise AssertionError(f"the script of {request.label or 'this model'} is at its end")
        step = self._steps.pop(0)
        if isinstance(step, ModelError):
            raise step
        reply = step if isinstance(step, Reply) else step(request)
        if on_delta is not None and reply.text:
            on_delta(reply.text)
        return reply


def says(text: str, finish: Finish = "stop", cost_usd: float | None = 0.001) -> Reply:
    """A reply of words alone."""
    return Reply(text=text, tool_calls=(), usage=USAGE, cost_usd=cost_usd, finish=finish, model="scripted")


def calls(*wanted: tuple[str, object], text: str = "", finish: Finish = "tool_calls") -> Reply:
    """A reply that calls tools; arguments that are a string are sent as they are, anything else as JSON."""
    tool_calls = tuple(
        ToolCall(
            id=f"c{number}", name=name, arguments=arguments if isinstance(arguments, str) else json.dumps(arguments)
        )
        for number, (name, arguments) in enumerate(wanted)
    )
    return Reply(text=text, tool_calls=tool_calls, usage=USAGE, cost_usd=0.001, finish=finish, model="scripted")
