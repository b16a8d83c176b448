"""How early alarms were over recorded accounts, as tables for the terminal."""

from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.reporting.figures import UNKNOWN, duration, percent, plain
from hedgerow.reporting.framing import note
from hedgerow.reporting.grid import Column, grid
from hedgerow.solvency import AlarmRecord, Fall

__all__ = ["AlarmView", "alarm_tables"]

_HEAD: tuple[Column, ...] = (
    ("Account", "", False), ("Broke at", "UTC", False), ("Health before", "", True),
    ("By probability", "", True), ("Missed by", "", False), ("By threshold", "", True),
    ("Missed by ", "", False),
)  # fmt: skip
_NOTE = (
    "Leads are whole hours of an alarm that lasted into the fall. late: on, but for less than the "
    "route needs; gap: whole an hour before; acted: the account was read anew in that hour and had "
    "changed; unpriced: nothing was known the hour before. False: nothing broke within a day; "
    "what rings for longer is another alarm every day."
)


class AlarmView(NamedTuple):
    """Two alarms over the same tracks; None where no threshold is false as rarely."""

    route: str
    regime: str
    p99_s: float
    breach_frac_max: float
    model: AlarmRecord
    threshold_frac: float | None
    fixed: AlarmRecord | None
    times: Mapping[tuple[str, int], str]
    unknown_frac: Mapping[str, float]


def alarm_tables(view: AlarmView) -> RenderableType:
    """One row a fall, then what each alarm did in all."""
    rows = []
    for at, fall in enumerate(view.model.falls):
        other = None if view.fixed is None else view.fixed.falls[at]
        rows.append(
            (
                fall.account_id[:10],
                view.times[fall.account_id, fall.hour_index],
                plain(fall.health_before_frac, 3),
                *_lead(fall),
                *(("", "") if other is None else _lead(other)),
            )
        )
    title = (
        f"Falls below 1.00 from above 1.05; {view.route} needs {duration(view.p99_s)} "
        f"({view.regime})"
    )
    parts: list[RenderableType] = [grid(title, _HEAD, rows), Text()]
    named = f"Probability above {percent(view.breach_frac_max, 2)} before the next look and rescue"
    parts.append(Text(_said(named, view.model)))
    if view.fixed is None or view.threshold_frac is None:
        parts.append(Text("No fixed threshold is false as rarely."))
    else:
        parts.append(Text(_said(f"Health below {view.threshold_frac:.5g}", view.fixed)))
    unknown = ", ".join(
        f"{name[:10]} {percent(share, 0)}" for name, share in view.unknown_frac.items() if share
    )
    return Group(*parts, note(f"Hours that could not be priced: {unknown or 'none'}."), note(_NOTE))


def _lead(fall: Fall) -> tuple[str, str]:
    return (f"{fall.lead_hours} h" if fall.lead_hours else "none", fall.cause or "")


def _said(name: str, record: AlarmRecord) -> str:
    rate = record.false_alarms_count_per_month
    return (
        f"{name}: {record.in_time_count} of {len(record.falls)} falls seen in time, "
        f"{record.false_alarms_count} false alarms in {record.watched_hours:,} hours, "
        f"{UNKNOWN if rate is None else plain(rate, 2)} a month of one account."
    )
