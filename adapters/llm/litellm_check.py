"""Whether litellm can call a model at all, known without a call: its provider, and the keys that are missing."""

from __future__ import annotations

from types import ModuleType
from typing import Final

_EXAMPLES: Final = "anthropic/claude-sonnet-4-5, openai/gpt-5, ollama/qwen3"


def problem_with(litellm: ModuleType, model: str, api_base: str, api_key: str) -> str:
    """Why the model can't be called, with the remedy; "" when nothing is known against it.

    Only keys are asked for: some providers find their credentials elsewhere (AWS profiles, Google's own), and an endpoint of
    the user's own needs none.
    """
    try:
        litellm.get_llm_provider(model=model, api_base=api_base or None)
    except litellm.exceptions.BadRequestError:
        return f"{model!r} names no model: write it as provider/model, as in {_EXAMPLES}"
    if api_base or api_key:
        return ""
    missing: list[str] = litellm.validate_environment(model=model)["missing_keys"]
    keys = [name for name in missing if name.endswith("_API_KEY")]
    if not keys:
        return ""
    return f"the model {model} needs a key: set {' or '.join(keys)} (or ORCH_API_KEY) in the environment"
