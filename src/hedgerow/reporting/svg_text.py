"""Words in drawings: SVG breaks no lines of its own and cuts off what runs over its edge."""

from collections.abc import Sequence
from html import escape
from textwrap import wrap

__all__ = ["lines_of", "rows_of", "text_lines"]

_GLYPH_EMS = 0.6  # no common sans-serif has wider letters on average


def lines_of(words: str, room_px: float, size_px: float) -> list[str]:
    """Break words into lines that fit."""
    return wrap(words, max(int(room_px / (_GLYPH_EMS * size_px)), 8)) or [""]


def text_lines(
    lines: Sequence[str], x_px: float, y_px: float, *, step_px: float, style: str = ""
) -> str:
    """Write lines below each other; `y_px` is where the first stands."""
    named = f' class="{style}"' if style else ""
    return "".join(
        f'<text{named} x="{x_px:g}" y="{y_px + n * step_px:g}">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )


def rows_of(
    labels: Sequence[str], room_px: float, size_px: float, gap_px: float
) -> list[tuple[float, int]]:
    """Give each label its place from the left and its row, so that none runs over."""
    places: list[tuple[float, int]] = []
    left, row = 0.0, 0
    for label in labels:
        wide = _GLYPH_EMS * size_px * len(label)
        if left and left + wide > room_px:
            left, row = 0.0, row + 1
        places.append((left, row))
        left += wide + gap_px
    return places
