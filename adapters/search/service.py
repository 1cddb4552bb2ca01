"""A search service over HTTP: Tavily's, or one whose address the operator names; must not open what it finds."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Final
from urllib.parse import quote

import aiohttp
from pydantic import AliasChoices, BaseModel, Field, ValidationError

from adapters.tool_tables import SearchSettings
from engine.ports import Hit, SearchFailed

TAVILY: Final = "https://api.tavily.com/search"
QUERY: Final = "{query}"
TIMEOUT_S: Final = 20.0
MAX_ANSWER_BYTES: Final = 2_000_000
_MAX_CHARS: Final = 20_000

_Text = Annotated[str, Field(max_length=MAX_ANSWER_BYTES)]


class _Result(BaseModel):
    title: _Text = ""
    url: _Text = ""
    content: _Text = Field(default="", validation_alias=AliasChoices("content", "snippet", "description"))


class _Answer(BaseModel):
    results: list[_Result]


class SearchService:
    """The port `Search` over HTTP. The key goes to the service's own address alone."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: str, redact: Callable[[str], str]) -> None:
        self._session = session
        self._url = url
        self._key = key
        self._redact = redact

    async def search(self, query: str, max_hits: int) -> tuple[Hit, ...]:
        """As `Search` says; secrets are struck out of the query first."""
        try:
            content = await self._answer(self._redact(query), max_hits)
        except TimeoutError:
            raise SearchFailed(f"the service did not answer within {TIMEOUT_S:g} s") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise SearchFailed(f"the service could not be asked ({type(error).__name__})") from None
        try:
            found = _Answer.model_validate_json(content)
        except ValidationError:
            raise SearchFailed(
                'the service\'s answer is not JSON of the form {"results": [{"title", "url", "content"}]}'
            ) from None
        return tuple(
            Hit(result.title[:_MAX_CHARS], result.url[:_MAX_CHARS], result.content[:_MAX_CHARS])
            for result in found.results[:max_hits]
        )

    async def _answer(self, query: str, max_hits: int) -> bytes:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        if QUERY in self._url:
            url = self._url.replace(QUERY, quote(query, safe=""))
            asked = self._session.get(url, headers=headers, allow_redirects=False)
        else:
            wanted = {"query": query, "max_results": max_hits}
            asked = self._session.post(self._url, json=wanted, headers=headers, allow_redirects=False)
        async with asked as answer:
            if answer.status != 200:
                raise SearchFailed(_explained(answer.status))
            content = await answer.content.read(MAX_ANSWER_BYTES + 1)
            while len(content) <= MAX_ANSWER_BYTES and (chunk := await answer.content.read(MAX_ANSWER_BYTES)):
                content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise SearchFailed(f"the service's answer has more than {MAX_ANSWER_BYTES:,} bytes")
        return content


@asynccontextmanager
async def web_search(settings: SearchSettings, redact: Callable[[str], str]) -> AsyncIterator[SearchService | None]:
    """The configured service while the context is open; None where there is none. Tavily's key never leaves for another address."""
    url, key = settings.url, settings.own_key.get_secret_value()
    if url is None:
        url, key = TAVILY, key or settings.tavily_key.get_secret_value()
        if not key:
            yield None
            return
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield SearchService(session, url, key, redact)


def _explained(status: int) -> str:
    match status:
        case 401 | 403:
            return f"the service refused the key (HTTP {status})"
        case 429 | 432 | 433:  # the last two are Tavily's, for a spent plan
            return f"the service allows no more searches for now (HTTP {status})"
        case _:
            return f"the service answered HTTP {status}"
