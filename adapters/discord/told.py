"""What Discord answers, checked before anything relies on it: a proxy may answer in its place. Pure."""

from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.port import ChatDown

T = TypeVar("T")
Snowflake = Annotated[str, Field(pattern=r"^\d+$")]


class _Told(BaseModel):
    """More is told than we read."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


class Named(_Told):
    """Anything that was made: a message, a thread, a channel."""

    id: Snowflake


class Component(_Told):
    """A part of a message, by the number that we or Discord gave it."""

    id: int | None = None


class Said(_Told):
    """A message that stands in a channel."""

    id: Snowflake
    author: Named
    components: list[Component] = []


class User(_Told):
    """An account."""

    username: str
    global_name: str | None = None


class Member(_Told):
    """An account in a server, with its roles there."""

    user: User
    nick: str | None = None
    roles: list[Snowflake] = []


NAMED: Final[TypeAdapter[Named]] = TypeAdapter(Named)
SERVERS: Final[TypeAdapter[list[Named]]] = TypeAdapter(list[Named])
COMMANDS: Final[TypeAdapter[list[dict[str, Any]]]] = TypeAdapter(list[dict[str, Any]])
SAID: Final[TypeAdapter[list[Said]]] = TypeAdapter(list[Said])
MEMBER: Final[TypeAdapter[Member]] = TypeAdapter(Member)


def understood(shape: TypeAdapter[T], told: Any) -> T:
    """What was told, in its shape.

    Raises: ChatDown.
    """
    try:
        return shape.validate_python(told)
    except ValidationError as error:
        raise ChatDown(f"Discord's answer is not understood ({error.errors()[0]['type']})") from None
