"""Surfaces counted: what was accepted, how near its quotes, and what arbitrage is left."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from hedgerow.market import Surface, Svi
from hedgerow.market.svi import butterfly_min, calendar_gap
from hedgerow.units import DAY_NS, parse_ns

__all__ = ["ACCEPTED_FRAC_MIN", "ERROR_VOLPT_MAX", "Tally"]

ACCEPTED_FRAC_MIN, ERROR_VOLPT_MAX = 0.95, 0.3
_SHORT_NS = 2 * DAY_NS


@dataclass(slots=True)
class Tally:
    """What was seen so far. Slices with two days or less to live are counted apart."""

    chains: int = 0
    accepted: int = 0
    accepted_short: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    rejected_short: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    errors_volpt: list[float] = field(default_factory=list)
    errors_mark_volpt: list[float] = field(default_factory=list)
    gated: Counter[str] = field(default_factory=Counter)
    butterflies: int = 0
    calendars: int = 0

    def add(self, surface: Surface) -> None:
        """Count one surface; its slices are checked for arbitrage anew."""
        self.chains += 1
        for smile in surface.smiles:
            if smile.expiry_ns - surface.time_ns > _SHORT_NS:
                self.accepted += 1
                self.errors_volpt.append(smile.error_median_volpt)
                if smile.error_mark_volpt is not None:
                    self.errors_mark_volpt.append(smile.error_mark_volpt)
            else:
                self.accepted_short += 1
            self.repaired[smile.repair] += 1
            self.models[smile.model] += 1
            self.butterflies += bool(butterfly_min(_row(smile.svi))[0][0] < 0)
        for earlier, later in pairwise(surface.smiles):
            self.calendars += bool(calendar_gap(_row(earlier.svi), _row(later.svi))[0] < 0)
        for quotes in surface.quotes:
            self.gated.update(quotes.gated.counts())
        for failure in surface.rejected:
            life_ns = parse_ns(f"{failure.subject.split()[1]}T08:00:00") - surface.time_ns
            (self.rejected if life_ns > _SHORT_NS else self.rejected_short)[failure.reason] += 1

    @property
    def accepted_frac(self) -> float | None:
        """Share accepted beyond two days; None where there was no slice."""
        asked = self.accepted + self.rejected.total()
        return self.accepted / asked if asked else None

    @property
    def error_volpt(self) -> float | None:
        """Median of the slices' median errors beyond two days."""
        return _middle(self.errors_volpt)

    def builtins(self) -> dict[str, Any]:
        """Give what `json.dumps` takes."""
        return {
            "chains_count": self.chains,
            "accepted_count": self.accepted,
            "accepted_frac": self.accepted_frac,
            "rejected_counts": dict(self.rejected),
            "accepted_short_count": self.accepted_short,
            "rejected_short_counts": dict(self.rejected_short),
            "models_counts": dict(self.models),
            "repaired_counts": dict(self.repaired),
            "gated_counts": dict(self.gated),
            "error_median_volpt": self.error_volpt,
            "error_mark_median_volpt": _middle(self.errors_mark_volpt),
            "error_worst_volpt": max(self.errors_volpt, default=None),
            "butterflies_count": self.butterflies,
            "calendars_count": self.calendars,
        }

    def misses(self) -> list[str]:
        """Say which bars are missed."""
        out = []
        if self.accepted_frac is None or self.error_volpt is None:
            out.append("no slice beyond two days was accepted")
        else:
            if self.accepted_frac < ACCEPTED_FRAC_MIN:
                out.append(f"{self.accepted_frac:.2%} accepted, the bar is {ACCEPTED_FRAC_MIN:.0%}")
            if self.error_volpt > ERROR_VOLPT_MAX:
                out.append(f"median error {self.error_volpt:.3f}, the bar is {ERROR_VOLPT_MAX:g}")
        if self.butterflies or self.calendars:
            out.append(
                f"arbitrage left: {self.butterflies} butterflies, {self.calendars} calendars"
            )
        return out

    def text(self) -> str:
        """Say all of it in a few lines."""
        share = "none" if self.accepted_frac is None else f"{self.accepted_frac:.2%}"
        error = "none" if self.error_volpt is None else f"{self.error_volpt:.3f}"
        of_mark = _middle(self.errors_mark_volpt)
        of_marks = "none" if of_mark is None else f"{of_mark:.3f}"
        took = ", ".join(f"{count} {gate}" for gate, count in self.gated.most_common())
        why = ", ".join(f"{count} {reason}" for reason, count in self.rejected.most_common())
        asked = self.accepted + self.rejected.total()
        short = self.accepted_short + self.rejected_short.total()
        return (
            f"{self.chains} chains\n"
            f"beyond two days: {self.accepted} of {asked} slices accepted ({share}); "
            f"rejected: {why or 'none'}\n"
            f"two days or less: {self.accepted_short} of {short} accepted\n"
            f"median error within 1.5 deviations: {error} vol points, {of_marks} to marks\n"
            f"strikes left out: {took or 'none'}\n"
            f"arbitrage left: {self.butterflies} butterflies, {self.calendars} calendars"
        ).replace("_", " ")


def _middle(values: list[float]) -> float | None:
    return median(values) if values else None


def _row(svi: Svi) -> Svi:
    return Svi(*(np.atleast_1d(each) for each in svi))
