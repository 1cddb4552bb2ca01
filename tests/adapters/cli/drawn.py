"""What a renderable looks like as plain text."""

import io

from rich.console import Console, RenderableType


def drawn(picture: RenderableType, width: int) -> str:
    """The picture in `width` columns, without colours and blanks at the ends of lines."""
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as taken:
        console.print(picture)
    return "\n".join(line.rstrip() for line in taken.get().rstrip("\n").split("\n"))
