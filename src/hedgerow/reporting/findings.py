"""What went wrong in an episode, as rows of text: page and terminal print the same."""

from collections.abc import Sequence
from typing import NamedTuple

from hedgerow.limits import METRICS
from hedgerow.reporting.figures import clock, plain
from hedgerow.reporting.records import EpisodeSummary, LimitTrouble
from hedgerow.reporting.wording import bound_value, trouble_value
from hedgerow.simulation import Episode

__all__ = ["Finding", "findings"]


class Finding(NamedTuple):
    """A block: what it is about, its columns (name, unit, whether they hold numbers), its rows."""

    title: str
    head: tuple[tuple[str, str, bool], ...]
    rows: list[tuple[str, ...]]


_WHEN = (("Frames", "", True), ("First", "UTC", False), ("Last", "UTC", False),
         ("At the end", "", False))  # fmt: skip


def findings(episode: Episode, row: EpisodeSummary) -> tuple[Finding, ...]:
    """Hard limits broken, limits that could not be judged, things left undone; those there are."""
    broken = Finding(
        "Hard limits broken",
        (("Limit on", "", False), ("Metric", "", False), ("Worst", "", True), ("Hard", "", True),
         *_WHEN),
        [(t.node, METRICS[t.metric].title, trouble_value(t), bound_value(t), *_when(t))
         for t in row.limits_broken],
    )  # fmt: skip
    unknown = Finding(
        "Limits that could not be judged",
        (("Limit on", "", False), ("Metric", "", False), *_WHEN, ("Why", "", False)),
        [(t.node, METRICS[t.metric].title, *_when(t), t.message) for t in row.limits_unknown],
    )
    undone = Finding(
        "Left undone",
        (("For", "", False), ("Steps", "", True), ("First", "UTC", False), ("Last", "UTC", False),
         ("Why", "", False)),
        [(u.subject, plain(u.steps_count, 0), clock(u.first_ns), clock(u.last_ns), u.message)
         for u in episode.undone],
    )  # fmt: skip
    return tuple(found for found in (broken, unknown, undone) if found.rows)


def _when(trouble: LimitTrouble) -> Sequence[str]:
    return (
        plain(trouble.frames_count, 0),
        clock(trouble.time_first_ns),
        clock(trouble.time_last_ns),
        "yes" if trouble.is_at_end else "no",
    )
