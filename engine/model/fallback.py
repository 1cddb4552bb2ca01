"""A Model that turns to the next one while the first is out of reach. Must not hide a mistake: a wrong key or name stays an error."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from engine.model.types import Model, ModelError, ModelErrorKind, Reply, Request

logger = logging.getLogger(__name__)

OUT_OF_REACH: Final[frozenset[ModelErrorKind]] = frozenset({"rate_limit", "quota", "timeout", "unavailable"})


class FallbackModel:
    """Asks the models of `fallbacks`, in their order, after the one that a request names. Each request begins with its own."""

    def __init__(self, model: Model, fallbacks: Mapping[str, tuple[str, ...]]) -> None:
        self._model = model
        self._fallbacks = fallbacks

    async def complete(self, request: Request) -> Reply:
        """The first reply that is given.

        Raises: ModelError of the first model, with the shortest wait of all, when none can be reached; what else the model
        raises.
        """
        failed: list[ModelError] = []
        for name in (request.model, *self._fallbacks.get(request.model, ())):
            try:
                return await self._model.complete(msgspec.structs.replace(request, model=name))
            except ModelError as error:
                if error.kind not in OUT_OF_REACH:
                    raise
                failed.append(error)
                logger.warning(
                    "model out of reach",
                    extra={"action": "model_fallback", "label": request.label, "model": name, "kind": error.kind},
                )
        raise _of_all(failed)


def _of_all(failed: list[ModelError]) -> ModelError:
    waits = [error.retry_after_s for error in failed if error.retry_after_s is not None]
    told = "; ".join(dict.fromkeys(map(str, failed)))
    return ModelError(told, failed[0].kind, min(waits, default=None))
