"""Surfaces counted: what was accepted, how near its quotes, and what arbitrage is left."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from hedgerow.market import ChainColumns, Surface, Svi, quoted_arbitrage
from hedgerow.market.svi import butterfly_min, calendar_gap
from hedgerow.reporting.figures import clock
from hedgerow.units import DAY_NS, parse_ns, percent

__all__ = ["ACCEPTED_FRAC_MIN", "ERROR_VOLPT_MAX", "Quoted", "Tally"]

ACCEPTED_FRAC_MIN, ERROR_VOLPT_MAX = 0.95, 0.3
_SHORT_NS = 2 * DAY_NS
_NAMED_MAX = 5


@dataclass(slots=True)
class Tally:
    """What was seen so far. Slices with two days or less to live are counted apart."""

    chains_count: int = 0
    accepted_count: int = 0
    accepted_short_count: int = 0
    rejected_counts: Counter[str] = field(default_factory=Counter)
    rejected_short_counts: Counter[str] = field(default_factory=Counter)
    models_counts: Counter[str] = field(default_factory=Counter)
    repaired_counts: Counter[str] = field(default_factory=Counter)
    errors_volpt: list[float] = field(default_factory=list)
    errors_mark_volpt: list[float] = field(default_factory=list)
    gated_counts: Counter[str] = field(default_factory=Counter)
    butterflies_count: int = 0
    calendars_count: int = 0

    def add(self, surface: Surface) -> None:
        """Count one surface; its slices are checked for arbitrage anew."""
        self.chains_count += 1
        for smile in surface.smiles:
            if smile.expiry_ns - surface.time_ns > _SHORT_NS:
                self.accepted_count += 1
                self.errors_volpt.append(smile.error_median_volpt)
                if smile.error_mark_volpt is not None:
                    self.errors_mark_volpt.append(smile.error_mark_volpt)
            else:
                self.accepted_short_count += 1
            self.repaired_counts[smile.repair] += 1
            self.models_counts[smile.model] += 1
            self.butterflies_count += bool(butterfly_min(_row(smile.svi))[0][0] < 0)
        for earlier, later in pairwise(surface.smiles):
            self.calendars_count += bool(calendar_gap(_row(earlier.svi), _row(later.svi))[0] < 0)
        for quotes in surface.quotes:
            self.gated_counts.update(quotes.gated.counts())
        for failure in surface.rejected:
            life_ns = parse_ns(f"{failure.subject.split()[1]}T08:00:00") - surface.time_ns
            (self.rejected_counts if life_ns > _SHORT_NS else self.rejected_short_counts)[
                failure.reason
            ] += 1

    @property
    def accepted_frac(self) -> float | None:
        """Share accepted beyond two days; None where there was no slice."""
        asked = self.accepted_count + self.rejected_counts.total()
        return self.accepted_count / asked if asked else None

    @property
    def error_volpt(self) -> float | None:
        """Median of the slices' median errors beyond two days."""
        return _middle(self.errors_volpt)

    def builtins(self) -> dict[str, Any]:
        """Give what `json.dumps` takes."""
        return {
            "chains_count": self.chains_count,
            "accepted_count": self.accepted_count,
            "accepted_frac": self.accepted_frac,
            "rejected_counts": dict(self.rejected_counts),
            "accepted_short_count": self.accepted_short_count,
            "rejected_short_counts": dict(self.rejected_short_counts),
            "models_counts": dict(self.models_counts),
            "repaired_counts": dict(self.repaired_counts),
            "gated_counts": dict(self.gated_counts),
            "error_median_volpt": self.error_volpt,
            "error_mark_median_volpt": _middle(self.errors_mark_volpt),
            "error_worst_volpt": max(self.errors_volpt, default=None),
            "butterflies_count": self.butterflies_count,
            "calendars_count": self.calendars_count,
        }

    def misses(self) -> list[str]:
        """Say which bars are missed."""
        out = []
        if self.accepted_frac is None or self.error_volpt is None:
            out.append("no slice beyond two days was accepted")
        else:
            if self.accepted_frac < ACCEPTED_FRAC_MIN:
                out.append(
                    f"{percent(self.accepted_frac, 2)} accepted, the bar is "
                    f"{percent(ACCEPTED_FRAC_MIN, 0)}"
                )
            if self.error_volpt > ERROR_VOLPT_MAX:
                out.append(f"median error {self.error_volpt:.3f}, the bar is {ERROR_VOLPT_MAX:g}")
        if self.butterflies_count or self.calendars_count:
            out.append(
                f"arbitrage left: {_arbitrage(self.butterflies_count, self.calendars_count)}"
            )
        return out

    def text(self) -> str:
        """Say all of it in a few lines."""
        share = "none" if self.accepted_frac is None else percent(self.accepted_frac, 2)
        error = "none" if self.error_volpt is None else f"{self.error_volpt:.3f}"
        of_mark = _middle(self.errors_mark_volpt)
        of_marks = "none" if of_mark is None else f"{of_mark:.3f}"
        took = ", ".join(f"{count} {gate}" for gate, count in self.gated_counts.most_common())
        why = ", ".join(f"{count} {reason}" for reason, count in self.rejected_counts.most_common())
        asked = self.accepted_count + self.rejected_counts.total()
        short = self.accepted_short_count + self.rejected_short_counts.total()
        return (
            f"{self.chains_count} {'chain' if self.chains_count == 1 else 'chains'}\n"
            f"beyond two days: {self.accepted_count} of {asked} slices accepted ({share}); "
            f"rejected: {why or 'none'}\n"
            f"two days or less: {self.accepted_short_count} of {short} accepted\n"
            f"median error within 1.5 deviations: {error} vol points, {of_marks} to marks\n"
            f"strikes left out: {took or 'none'}\n"
            f"arbitrage left: {_arbitrage(self.butterflies_count, self.calendars_count)}"
        ).replace("_", " ")


@dataclass(slots=True)
class Quoted:
    """Arbitrage in the quotes and marks themselves, where they were looked at."""

    chains_count: int = 0
    butterflies: list[str] = field(default_factory=list)
    calendars: list[str] = field(default_factory=list)

    def watch(self, chains: Iterable[ChainColumns]) -> Iterator[ChainColumns]:
        """Look at chains on their way to a fit."""
        for chain in chains:
            found = quoted_arbitrage(chain)
            self.chains_count += 1
            when = clock(chain.time_ns)
            self.butterflies += [f"{when} {each}" for each in found.butterflies]
            self.calendars += [f"{when} {each}" for each in found.calendars]
            yield chain

    def builtins(self) -> dict[str, Any]:
        """Give what `json.dumps` takes; null where nobody looked."""
        looked = self.chains_count > 0
        return {
            "quoted_butterflies": self.butterflies if looked else None,
            "quoted_calendars": self.calendars if looked else None,
        }

    def text(self) -> str:
        """Say it in lines, the first few in full."""
        if not self.chains_count:
            return "judged are the fits; --at also looks at the quotes and marks themselves"
        lines = [
            f"in the quotes themselves: {len(self.butterflies)} butterflies or spreads between "
            f"bids and asks, {len(self.calendars)} pairs of expiries whose marks cross"
        ]
        for found in (self.butterflies, self.calendars):
            lines += [f"    {each}" for each in found[:_NAMED_MAX]]
            if len(found) > _NAMED_MAX:
                lines.append(f"    and {len(found) - _NAMED_MAX} more; --json lists all")
        return "\n".join(lines)


def _arbitrage(butterflies_count: int, calendars_count: int) -> str:
    butterflies = "butterfly" if butterflies_count == 1 else "butterflies"
    calendars = "calendar" if calendars_count == 1 else "calendars"
    return f"{butterflies_count} {butterflies}, {calendars_count} {calendars}"


def _middle(values: list[float]) -> float | None:
    return median(values) if values else None


def _row(svi: Svi) -> Svi:
    return Svi(*(np.atleast_1d(each) for each in svi))
