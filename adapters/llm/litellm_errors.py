"""Which of our error kinds a provider's failure is, and the sentence that says what to do; a table, without litellm."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from engine.model.types import ModelError, ModelErrorKind, believable_s

_KIND_BY_CLASS: dict[str, ModelErrorKind] = {
    "AuthenticationError": "auth",
    "PermissionDeniedError": "auth",
    "RateLimitError": "rate_limit",
    "BudgetExceededError": "quota",
    "ContextWindowExceededError": "context",
    "Timeout": "timeout",
    "TimeoutError": "timeout",
    "NotFoundError": "bad_request",
    "ContentPolicyViolationError": "bad_request",
    "UnsupportedParamsError": "bad_request",
    "UnprocessableEntityError": "bad_request",
    "BadRequestError": "bad_request",
    "APIError": "unavailable",
}
"""litellm's exception classes (litellm/exceptions.py), the most specific first; what is not here is `unavailable`."""

_KIND_BY_STATUS: dict[int, ModelErrorKind] = {
    400: "bad_request",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "bad_request",
    422: "bad_request",
    429: "rate_limit",
}

_REFUSALS: frozenset[str] = frozenset(
    {"HTTPStatusError", "ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
)
"""httpx's exceptions (its "Exceptions") for a call that was not made, or was answered with a status of 400 or more."""

_MOST_CAUSES = 20

_REMEDY: dict[ModelErrorKind, str] = {
    "rate_limit": "it is tried again by itself; lower max_concurrent_workers if this goes on",
    "quota": "add credit or wait for the reset at the provider, or choose another model with ORCH_MODEL",
    "auth": "set the provider's key in its own variable, or ORCH_API_KEY, and check that it may use this model",
    "context": "the conversation is longer than the model's window: choose a model with a longer one, or split the task",
    "timeout": "it is tried again by itself; check the network, or choose a faster model",
    "bad_request": "check the model's name (`provider/model`) in ORCH_MODEL and the address in ORCH_API_BASE",
    "unavailable": "it is tried again by itself; check that ORCH_API_BASE can be reached and the provider's status page",
}
_QUOTA = re.compile(
    r"insufficient_quota|exceeded your current quota|credit balance|billing|payment required", re.IGNORECASE
)


def model_error(error: BaseException, model: str) -> ModelError:
    """Our error for one that litellm raised, with its remedy and the wait that the provider asks for."""
    # What breaks a stream comes wrapped, as a wish for litellm's own fallbacks, which we do not use.
    original: object = getattr(error, "original_exception", None)
    error = original if isinstance(original, Exception) else error
    retry_after_s = _retry_after_s(error)
    kind = _kind(error, has_retry_after=retry_after_s is not None)
    told = " ".join(str(error).split())[:500] or type(error).__name__
    may_be_charged = kind in ("timeout", "unavailable") and not _was_refused(error)
    return ModelError(f"{model}: {told}; {_REMEDY[kind]}", kind, retry_after_s, may_be_charged=may_be_charged)


def _was_refused(error: BaseException) -> bool:
    """Whether the provider did no work for the call: it was not reached, or answered with an error's status.

    litellm gives a connection that broke a status of its own making, so only what it was made from tells.
    """
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            break
        if type(cause).__name__ in _REFUSALS:
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _kind(error: BaseException, *, has_retry_after: bool) -> ModelErrorKind:
    names = [cls.__name__ for cls in type(error).__mro__]
    known = [_KIND_BY_CLASS[name] for name in names if name in _KIND_BY_CLASS]
    kind: ModelErrorKind = known[0] if known else "unavailable"
    if kind == "unavailable":
        kind = _KIND_BY_STATUS.get(getattr(error, "status_code", 0), kind)
    # A provider that says when to come back has a rate limit, whatever words it uses (Gemini says quota for both).
    if kind in ("rate_limit", "bad_request") and not has_retry_after and _QUOTA.search(str(error)):
        return "quota"
    return kind


def _retry_after_s(error: BaseException) -> float | None:
    headers: object = getattr(error, "litellm_response_headers", None)
    if headers is None:
        headers = getattr(getattr(error, "response", None), "headers", None)
    if not isinstance(headers, Mapping):
        return None
    value, sent = headers.get("retry-after"), headers.get("date")
    return None if value is None else believable_s(_seconds(str(value), str(sent)))


def _seconds(value: str, sent: str) -> float | None:
    """RFC 9110, section 10.2.3: a number of seconds, or a date, which is read against the date of the answer itself."""
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(value) - parsedate_to_datetime(sent)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
