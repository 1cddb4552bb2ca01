"""A canvas in abstract units: shapes, soft arrows, and text that fits its place. Must not know what is drawn.

Shapes are drawn at twice the size and halved, which smooths their edges; text goes on top at its final size, which keeps
it sharp. The font is Inter (Latin, Greek, Cyrillic); what it has no letters for becomes a small frame, never an error.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from itertools import pairwise
from typing import Final

import msgspec
from PIL import Image, ImageDraw, ImageFont

from bot.text import graphemes, one_line

Point = tuple[float, float]
SMOOTH: Final = 2
CURVE_STEPS: Final = 16
MISSING: Final = "□"
_MOST_GRAPHEMES: Final = 400
_HEAD: Final = 7.0
_UNASSIGNED: Final = "\U000f1234"


class Face(msgspec.Struct, frozen=True):
    """A size of text in units, and whether it is bold."""

    size: float
    is_bold: bool = False


class Canvas:
    """A page of `width` by `height` units, `scale` pixels to the unit. Text always stands above shapes."""

    def __init__(self, width: float, height: float, scale: float, page: str) -> None:
        self.scale = scale
        self._size = max(1, round(width * scale)), max(1, round(height * scale))
        self._image = Image.new("RGB", (self._size[0] * SMOOTH, self._size[1] * SMOOTH), page)
        self._pen = ImageDraw.Draw(self._image)
        self._words: list[tuple[Point, str, Face, str]] = []
        self._fonts: dict[Face, ImageFont.FreeTypeFont] = {}

    def card(self, at: Point, size: Point, fill: str, edge: str, weight: float = 1.0) -> None:
        """A rounded box."""
        (left, top), (right, bottom) = self._fine(at), self._fine((at[0] + size[0], at[1] + size[1]))
        radius = min(8 * self._fineness, (right - left) / 2, (bottom - top) / 2)
        width = max(1, round(weight * self._fineness))
        self._pen.rounded_rectangle((left, top, right, bottom), radius, fill=fill, outline=edge, width=width)

    def bar(self, at: Point, size: Point, fill: str) -> None:
        """A plain rectangle."""
        self._pen.rectangle((*self._fine(at), *self._fine((at[0] + size[0], at[1] + size[1]))), fill=fill)

    def line(self, points: Sequence[Point], color: str, weight: float = 1.5) -> None:
        """A line through the points."""
        fine = [self._fine(point) for point in points]
        self._pen.line(fine, fill=color, width=max(1, round(weight * self._fineness)), joint="curve")

    def shape(self, points: Sequence[Point], fill: str) -> None:
        """A filled polygon."""
        self._pen.polygon([self._fine(point) for point in points], fill=fill)

    def arrow(self, points: Sequence[Point], color: str) -> None:
        """A line that is soft where it is not level or upright, with a head at its end."""
        tip = points[-1]
        self.line(soften([*points[:-1], (tip[0] - _HEAD / 2, tip[1])]), color)
        self.shape([tip, (tip[0] - _HEAD, tip[1] - _HEAD * 0.55), (tip[0] - _HEAD, tip[1] + _HEAD * 0.55)], color)

    def write(self, at: Point, text: str, face: Face, color: str) -> float:
        """Put the text, its top left at `at`; the width it takes, in units."""
        self._words.append((at, text, face, color))
        return self.width(text, face)

    def width(self, text: str, face: Face) -> float:
        """How wide the text is, in units."""
        return self._font(face).getlength(text) / self.scale

    def fit(self, text: str, face: Face, width: float, lines: int = 1) -> list[str]:
        """The text in at most so many lines of that width; what is cut ends in `…`.

        Control characters are gone, and letters the font has not are frames.
        """
        words = drawable(text).split()
        fitted: list[str] = []
        while words and len(fitted) < lines:
            fitted.append(self._filled(words, face, width))
        if words:
            fitted[-1] = self._cut(f"{fitted[-1]} {words[0]}", face, width)
        return fitted

    def png(self) -> bytes:
        """The picture, as few bytes as its few colours need."""
        image = self._image.reduce(SMOOTH)
        pen = ImageDraw.Draw(image)
        for at, text, face, color in self._words:
            pen.text((at[0] * self.scale, at[1] * self.scale), text, font=self._font(face), fill=color)
        whole = BytesIO()
        image.quantize(256, dither=Image.Dither.NONE).save(whole, "PNG", optimize=True)
        return whole.getvalue()

    def _filled(self, words: list[str], face: Face, width: float) -> str:
        """The next line; its words are taken off, the first one in part if it alone is too wide."""
        line = words.pop(0)
        while words and self.width(f"{line} {words[0]}", face) <= width:
            line = f"{line} {words.pop(0)}"
        if self.width(line, face) <= width:
            return line
        pieces = graphemes(line)
        size = next((n for n in range(len(pieces), 1, -1) if self.width("".join(pieces[:n]), face) <= width), 1)
        words.insert(0, "".join(pieces[size:]))
        return "".join(pieces[:size])

    def _cut(self, line: str, face: Face, width: float) -> str:
        pieces = graphemes(line)
        while pieces and self.width("".join(pieces).rstrip() + "…", face) > width:
            pieces.pop()
        return "".join(pieces).rstrip() + "…"

    def _font(self, face: Face) -> ImageFont.FreeTypeFont:
        if face not in self._fonts:
            self._fonts[face] = _font(face.size * self.scale, is_bold=face.is_bold)
        return self._fonts[face]

    @property
    def _fineness(self) -> float:
        return self.scale * SMOOTH

    def _fine(self, point: Point) -> Point:
        return point[0] * self._fineness, point[1] * self._fineness


def soften(points: Sequence[Point]) -> list[Point]:
    """The way as short straight pieces: a cubic curve, level at both ends, wherever two points share no x and no y."""
    way = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 != x1 and abs(y0 - y1) > 0.01:
            steps = [step / CURVE_STEPS for step in range(1, CURVE_STEPS)]
            bend = (x1 - x0) / 2
            way.extend(
                (
                    x0 + 3 * t * (1 - t) ** 2 * bend + 3 * t * t * (1 - t) * (x1 - x0 - bend) + t**3 * (x1 - x0),
                    y0 + (3 * t * t * (1 - t) + t**3) * (y1 - y0),
                )
                for t in steps
            )
        way.append((x1, y1))
    return way


def drawable(text: str) -> str:
    """One clean line of what the font has letters for; each run of anything else is one frame."""
    drawn: list[str] = []
    for piece in graphemes(one_line(text[: _MOST_GRAPHEMES * 4]))[:_MOST_GRAPHEMES]:
        known = piece if all(char == " " or _is_known(char) for char in piece) else MISSING
        if known != MISSING or drawn[-1:] != [MISSING]:
            drawn.append(known)
    return "".join(drawn)


@cache
def _is_known(char: str) -> bool:
    return bytes(_probe().getmask(char)) != bytes(_probe().getmask(_UNASSIGNED))


@cache
def _probe() -> ImageFont.FreeTypeFont:
    return _font(24, is_bold=False)


@cache
def _letters() -> bytes:
    return files("fontpkg_inter").joinpath("files", "Inter[opsz,wght].ttf").read_bytes()


def _font(pixels: float, *, is_bold: bool) -> ImageFont.FreeTypeFont:
    """The letters at a size. Basic layout: the same on every machine, whatever shaping libraries it has."""
    font = ImageFont.truetype(BytesIO(_letters()), max(1.0, pixels), layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([14, 600 if is_bold else 400])
    return font
