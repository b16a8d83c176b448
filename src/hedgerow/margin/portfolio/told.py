"""How lines of the portfolio margin say where their amounts come from, for a calculator.

See `hedgerow.margin.MarginLine` for how a detail reads. Numbers stand with every digit they have,
and expressions in the order in which they were computed. They were computed in binary: where the
exact result lies on a step of rounding, the amount may be one step beside it, against the holder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hedgerow.pricing import Floats
from hedgerow.units import digits_of

__all__ = ["Averaged", "averaged", "exit_told", "figure", "mean_told", "worth_told"]

SHOWN_COUNT_MAX: Final = 5
# Less of a scenario than that is what binary digits leave of (1 - level) n.
_PART_FRAC_MIN: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Averaged:
    """Which scenarios a mean is of, and the worst few of them, which are shown.

    Attributes
    ----------
    mass_count
        How many scenarios, the last of them in part.
    shown_index
        Worst first.
    parts_frac
        How much of each one shown counts: all of it, but of the last.
    label
        What the first is called.
    """

    mass_count: float
    shown_index: tuple[int, ...]
    parts_frac: tuple[float, ...]
    more_count: int
    label: str


def averaged(weights_frac: Floats, losses_usd: Floats, labels: Sequence[str]) -> Averaged:
    """Name the scenarios that weigh something, both arguments of shape (scenarios,)."""
    mass = 1.0 / float(weights_frac.max())
    at = np.flatnonzero(weights_frac * mass > _PART_FRAC_MIN)
    at = at[np.argsort(-losses_usd[at], kind="stable")]
    shown = at[:SHOWN_COUNT_MAX]
    return Averaged(
        mass_count=mass,
        shown_index=tuple(int(i) for i in shown),
        parts_frac=tuple(float(weights_frac[i]) * mass for i in shown),
        more_count=len(at) - len(shown),
        label=labels[int(at[0])],
    )


def figure(value: float) -> str:
    """Give every digit of a number, and no exponent.

    >>> figure(20.0), figure(-0.0), figure(1e-7)
    ('20', '0', '0.0000001')
    """
    return f"{digits_of(value + 0.0).normalize():f}"


def mean_told(mean_usd: float, lost_usd: Sequence[float], tail: Averaged) -> str:
    """Say a loss as the mean of what was lost in each scenario of the tail.

    Parameters
    ----------
    lost_usd
        In each scenario shown.
    """
    return _mean_told(mean_usd, lost_usd, [figure(each) for each in lost_usd], tail)


def exit_told(
    mean_usd: float,
    lost_usd: Sequence[float],
    days: Sequence[float],
    horizon_days: float,
    tail: Averaged,
) -> str:
    """Say what a slow exit adds: in each scenario its loss, the days of the exit and the horizon.

    Parameters
    ----------
    lost_usd, days
        In each scenario shown; a gain is a loss below zero, on which nothing is added.
    """
    added, terms = [], []
    for lost, each in zip(lost_usd, days, strict=True):
        is_added = lost > 0.0 and each > horizon_days
        added.append(lost * (float(np.sqrt(each / horizon_days)) - 1.0) if is_added else 0.0)
        terms.append(
            f"{figure(lost)} x (({figure(each)} / {figure(horizon_days)})^0.5 - 1)"
            if is_added
            else "0"
        )
    told = _mean_told(mean_usd, added, terms, tail)
    return f"{told}; each loss x ((days / horizon)^0.5 - 1)"


def worth_told(
    *,
    quantity_contracts: float,
    unit_ccy: float,
    unit_told: str,
    entered_ccy: float,
    entered_told: str,
    price_usd: float,
) -> str:
    """Say what a position is worth: ``(quantity · unit - entered) · price``, rounded down.

    Parameters
    ----------
    unit_told, entered_told
        Expressions of the sizes of those two; empty where there is no more to say.
    """
    worth = figure(quantity_contracts)
    if unit_ccy != 1.0:
        worth += f" x {figure(unit_ccy)}"
    if entered_ccy != 0.0:
        sign = "-" if entered_ccy > 0.0 else "+"
        worth = f"({worth} {sign} {figure(abs(entered_ccy))})"
    steps = [f"down({worth} x {figure(price_usd)}, 1e-6)"]
    if unit_told and unit_ccy != 0.0:
        steps.append(f"{figure(abs(unit_ccy))} = {unit_told}")
    if entered_told and entered_ccy != 0.0:
        steps.append(f"{figure(abs(entered_ccy))} = {entered_told}")
    return "; ".join(steps)


def _mean_told(
    mean_usd: float, lost_usd: Sequence[float], terms: Sequence[str], tail: Averaged
) -> str:
    first = tail.shown_index[0]
    if tail.more_count == 0 and len(terms) == 1:
        how = [f"up({terms[0]}, 1e-6)", f"of scenario {first}, {tail.label}"]
        return "; ".join(how)
    total = mean_usd * tail.mass_count
    parts = [
        term if part > 1.0 - _PART_FRAC_MIN else f"{part:.12g} x {term}"
        for term, part in zip(terms, tail.parts_frac, strict=True)
    ]
    of = ", ".join(str(i) for i in tail.shown_index)
    if tail.more_count:
        rest = total - sum(p * lost for p, lost in zip(tail.parts_frac, lost_usd, strict=True))
        parts.append(figure(rest))
        of += f" and {tail.more_count} more, which lose the last of these numbers"
    added = " + ".join(parts).replace("+ -", "- ")
    return (
        f"up({figure(total)} / {tail.mass_count:.12g}, 1e-6); "
        f"{figure(total)} = {added}; of scenarios {of}"
    )
