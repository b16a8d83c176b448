"""What a chart is made of, before it is drawn."""

from collections.abc import Sequence
from typing import NamedTuple

from hedgerow.reporting.axes import Scale
from hedgerow.reporting.figures import UNKNOWN, plain
from hedgerow.reporting.thin import thin

__all__ = ["Chart", "Group", "Line", "Mark", "Span", "rows_kept", "spans_where"]


class Line(NamedTuple):
    """One series. `style` is a class of page.css; `run` says which episode it belongs to.

    A value that is None is unknown, except in the rows listed in `absent`: there it is known that
    there is no number, and `absent_text` says why.
    """

    label: str
    style: str
    values: tuple[float | None, ...]
    run: str = ""
    absent: frozenset[int] = frozenset()
    absent_text: str = ""

    def text(self, at: int, decimals: int, suffix: str) -> str:
        """What the line says in one row."""
        value = self.values[at]
        if value is None:
            return self.absent_text if at in self.absent else UNKNOWN
        return plain(value, decimals) + suffix


class Group(NamedTuple):
    """Lines that share their times. `shaded` fills the gap between the first two."""

    times_ns: tuple[int, ...]
    lines: tuple[Line, ...]
    shaded: bool = False


class Mark(NamedTuple):
    """Something that happened: a numbered label above the plot and a hairline through it."""

    time_ns: int
    kind: str
    label: str
    title: str
    href: str
    run: str = ""


class Span(NamedTuple):
    """A stretch of time of which something is said instead of drawn."""

    start_ns: int
    end_ns: int
    kind: str
    label: str


class Chart(NamedTuple):
    """A chart, not yet drawn. `suffix` follows every value where it is read, such as `` %``."""

    chart_id: str
    title: str
    unit: str
    description: str
    start_ns: int
    end_ns: int
    scale: Scale
    groups: tuple[Group, ...]
    marks: tuple[Mark, ...] = ()
    spans: tuple[Span, ...] = ()
    suffix: str = ""
    run: str = ""
    is_wide: bool = False

    @property
    def decimals(self) -> int:
        """Decimals of a value where it is read; one more than the ticks need, but no false ones."""
        return (
            0
            if max(abs(self.scale.low), abs(self.scale.high)) >= 10_000
            else (self.scale.decimals + 1)
        )

    def across_frac(self, time_ns: int) -> float:
        """Where a time lies, from 0 at the left to 1 at the right."""
        return (time_ns - self.start_ns) / max(self.end_ns - self.start_ns, 1)


def spans_where(
    times_ns: Sequence[int], flags: Sequence[bool], kind: str, label: str
) -> tuple[Span, ...]:
    """Spans over every stretch of flagged rows, reaching to the rows beside it."""
    spans: list[Span] = []
    last = len(times_ns) - 1
    for at, flag in enumerate(flags):
        if not flag:
            continue
        start_ns, end_ns = times_ns[max(at - 1, 0)], times_ns[min(at + 1, last)]
        if spans and start_ns <= spans[-1].end_ns:
            start_ns = spans.pop().start_ns
        spans.append(Span(start_ns, end_ns, kind, label))
    return tuple(spans)


def rows_kept(group: Group, buckets_count: int) -> tuple[int, ...]:
    """Rows of a group to show; no border between unknown and known to be absent is lost."""
    columns: list[Sequence[float | None]] = [line.values for line in group.lines]
    columns += [
        [None if v is None and at not in line.absent else 0.0 for at, v in enumerate(line.values)]
        for line in group.lines
        if line.absent
    ]
    return thin(columns, buckets_count)
