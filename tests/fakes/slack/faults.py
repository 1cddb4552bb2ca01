"""What can go wrong between the bot and Slack's Web API, as verbs. Must not know HTTP."""

from typing import Literal

import msgspec

When = Literal["before", "after"]
What = Literal["drop", "hang", "refuse", "status", "nonsense"]


class Fault(msgspec.Struct):
    """What happens to a call of the method (`*` for any), before or after it is carried out; `times` None is for ever."""

    method: str
    when: When
    what: What
    error: str = ""
    status: int = 0
    retry_after_s: int = 0
    times: int | None = 1


class Faults:
    """What is to go wrong next. `down_until_s` and `latency_s` are in the loop's time."""

    def __init__(self) -> None:
        self.down_until_s = 0.0
        self.latency_s = 0.0
        self._waiting: list[Fault] = []

    def drops_before(self, method: str, times: int | None = 1) -> None:
        """The connection is cut and nothing was done."""
        self._waiting.append(Fault(method, "before", "drop", times=times))

    def drops_after(self, method: str, times: int | None = 1) -> None:
        """It was done, and the answer is lost with the connection."""
        self._waiting.append(Fault(method, "after", "drop", times=times))

    def hangs_after(self, method: str, times: int | None = 1) -> None:
        """It was done, and no answer ever comes."""
        self._waiting.append(Fault(method, "after", "hang", times=times))

    def refuses(self, method: str, error: str, times: int | None = 1) -> None:
        """Slack says no, in its own word."""
        self._waiting.append(Fault(method, "before", "refuse", error, times=times))

    def answers(self, method: str, status: int, retry_after_s: int = 0, times: int | None = 1) -> None:
        """A status that is no success."""
        self._waiting.append(Fault(method, "before", "status", "", status, retry_after_s, times))

    def answers_nonsense(self, method: str, times: int | None = 1) -> None:
        """A proxy's page in place of JSON."""
        self._waiting.append(Fault(method, "before", "nonsense", times=times))

    def end(self) -> None:
        """All is well again."""
        self._waiting.clear()

    def take(self, method: str, when: When) -> Fault | None:
        """What happens now."""
        for fault in self._waiting:
            if fault.when == when and fault.method in {"*", method}:
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self._waiting.remove(fault)
                return fault
        return None
