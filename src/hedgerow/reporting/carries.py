"""What a carry pays and risks, as a table for the terminal."""

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.hedging.structures import (
    Apr,
    Basis,
    BasisBlowout,
    Carry,
    FundingOutlook,
    FundingWalk,
    MarginDraw,
    ShortLeg,
)
from hedgerow.reporting.figures import UNKNOWN, percent, plain
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid

__all__ = ["CarryShown", "carry_tables"]

_HEAD: tuple[Column, ...] = (("Figure", "", False), ("Value", "", True), ("Remark", "", False))
_NOTE = (
    "Yearly figures are simple, on the notional at entry. The past says what was, not what will "
    "be; the short leg's probabilities are of a lognormal price at a constant vol, isolated at its "
    "venue, spot lying elsewhere."
)


class CarryShown(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one carry; None where it was not asked about."""

    subject: str
    hold_days: float
    carry: Carry
    short_leg: Outcome[ShortLeg]
    vol_frac: float | None
    basis: Basis | None = None
    funding: Apr | None = None
    break_even_days: float | None = None
    outlook: FundingOutlook | None = None
    walk: Outcome[FundingWalk] | None = None
    draw: Outcome[MarginDraw] | None = None
    marks_since: str | None = None
    blowout: Outcome[BasisBlowout] | None = None


def carry_tables(shown: CarryShown) -> RenderableType:
    """What it pays, what is left of that in a bad holding, and what may go wrong."""
    pays = _paid(shown)
    risks = _risked(shown)
    failures = [
        each
        for each in (shown.walk, shown.draw, shown.blowout, shown.short_leg)
        if isinstance(each, Failure)
    ]
    parts = [
        *headed(f"Long spot, short {shown.subject}; held {shown.hold_days:g} days"),
        grid("What it pays a year", _HEAD, pays),
        Text(),
        grid("What may go wrong", _HEAD, risks),
        Text(),
        note(_NOTE),
    ]
    return Group(*parts, *troubles("Unknown", failures))


def _paid(shown: CarryShown) -> list[tuple[str, str, str]]:
    rows = []
    left = shown.carry
    if shown.basis is not None:
        grown = percent(shown.basis.continuous_log_per_year, 2)
        once = percent(shown.basis.annual_frac_per_year, 2)
        rows.append(
            ("Basis", percent(shown.basis.simple_frac_per_year, 2),
             f"{grown} continuously, {once} compounded once a year")
        )  # fmt: skip
    if shown.funding is not None:
        again = percent(shown.funding.compound_frac_per_year, 2)
        rows.append(
            ("Funding", percent(shown.funding.simple_frac_per_year, 2), f"{again} if reinvested")
        )
    rows += [
        ("Money in spot", percent(left.borrow_frac_per_year + 0.0, 2), ""),
        ("In and out", percent(left.fees_frac_per_year + 0.0, 2), "spread over the holding"),
        ("Margin", percent(left.margin_frac_per_year + 0.0, 2), ""),
        ("Left", percent(left.net_frac_per_year, 2), ""),
    ]
    if shown.funding is not None:
        days = shown.break_even_days
        never = "never" if days is None else f"{plain(days, 1)} days"
        rows.append(("Earns back in and out", never, ""))
    return rows


def _risked(shown: CarryShown) -> list[tuple[str, str, str]]:
    rows = []
    outlook, draw, blowout, leg = shown.outlook, shown.draw, shown.blowout, shown.short_leg
    if outlook is not None:
        tail = percent(outlook.tail_frac, 0)
        error = percent(outlook.past_error_frac_per_year, 2)
        rows += [
            ("Expected a year, in and out paid", percent(outlook.expected_frac_per_year, 2),
             f"from a week like the last; the whole past {percent(outlook.past_frac_per_year, 2)} "
             f"± {error}"),
            ("Stressed a year", percent(outlook.stressed_frac_per_year, 2),
             f"worse in {tail} of holdings, drawn in blocks of {plain(outlook.block_count, 0)}"),
            ("Shorts pay in", percent(outlook.paying_frac, 1),
             f"of intervals, at most {outlook.paying_count_max} in a row; "
             f"{plain(outlook.flips_count_per_year, 0)} flips a year"),
        ]  # fmt: skip
    walk = shown.walk
    if isinstance(walk, FundingWalk):
        rows += [
            ("Holdings one after another", percent(walk.mean_frac_per_year, 2),
             f"a year over {walk.holdings_count} of them, in and out paid; {walk.losing_count} "
             f"lost, the worst at {percent(walk.worst_frac_per_year, 1)} a year"),
            ("Worse than was foretold", f"{walk.missed_count} of {walk.holdings_count}",
             f"from what was known before each; {percent(walk.tail_frac, 0)} should be, and so "
             f"many or more come by chance with {_likely(walk.chance_frac)}"),
        ]  # fmt: skip
    elif walk is not None:
        rows.append(("Worse than was foretold", UNKNOWN, ""))
    if isinstance(draw, MarginDraw):
        tail = percent(draw.tail_frac, 0)
        rows += [
            ("Margin drawn", percent(draw.mean_frac, 1),
             f"of the notional on average, {percent(draw.stressed_frac, 1)} in the worst {tail}, "
             f"at most {percent(draw.most_frac, 1)}, by marks since {shown.marks_since}"),
            ("Liquidated, nobody sending", percent(draw.liquidated_frac, 1),
             f"of holdings drawn; to 95 % at most {percent(draw.liquidated_frac_max, 1)}, "
             f"{draw.separate_count} of them being separate"),
        ]  # fmt: skip
    elif draw is not None:
        rows.append(("Margin drawn", UNKNOWN, ""))
    if isinstance(blowout, BasisBlowout):
        rows.append(
            ("Basis wider by", percent(blowout.loss_log, 3),
             f"in the worst {percent(1.0 - blowout.level_frac, 0)} of windows, "
             f"{percent(blowout.shortfall_log, 3)} on average of those")
        )  # fmt: skip
    elif blowout is not None:
        rows.append(("Basis wider by", UNKNOWN, ""))
    if isinstance(leg, ShortLeg):
        rows += [
            ("Alarm at the short leg", percent(leg.alarm_frac, 2),
             f"at a vol of {percent(shown.vol_frac, 0)}; a top-up of "
             f"{percent(leg.top_up_frac, 1)} of the notional restores it"),
            ("Liquidated before the top-up", _chance(leg.liquidated_frac),
             f"{_chance(leg.late_frac)} of alarms"),
            ("Liquidated, nobody watching", percent(leg.unattended_frac, 2), "within the holding"),
        ]  # fmt: skip
    else:
        rows.append(("Liquidated before the top-up", UNKNOWN, ""))
    return rows


def _likely(frac: float) -> str:
    return "under 1 %" if frac < 0.01 else percent(frac, 0)


def _chance(frac: float) -> str:
    """Write a probability; what is too small to be shown is not called nothing."""
    return "under 0.001 %" if 0.0 < frac < 1e-5 else percent(frac, 3)
