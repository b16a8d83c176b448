"""How large to be for a vol wanted, and what caps it, as tables for the terminal and a drawing."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.hedging.structures import LeverageCap
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.figures import percent, plain, quantity
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid

__all__ = ["SizeTrade", "TargetWalk", "VolTargetShown", "vol_target_svg", "vol_target_tables"]

_HEAD: tuple[Column, ...] = (("Figure", "", False), ("Value", "", True), ("Remark", "", False))
_TRADES: tuple[Column, ...] = (("Trade", "", False), ("Held", "", True), ("Contracts", "", True))


class SizeTrade(msgspec.Struct, frozen=True, kw_only=True):
    """What brings one position to its size: bought where positive, in whole lots."""

    instrument_id: str
    held_contracts: Decimal
    quantity_contracts: Decimal


class TargetWalk(msgspec.Struct, frozen=True, kw_only=True):
    """What holding to the target would have come to, each hour from what was known before it.

    `traded_frac_per_year` is by how much the size was changed in all, entering left aside.
    """

    hours_count: int
    vol_frac: float
    size_min_frac: float
    size_max_frac: float
    traded_frac_per_year: float


class VolTargetShown(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes are leverage of an isolated leg, or multiples of what an account holds.

    `wanted_frac` is by the vol alone, `size_frac` no larger than the cap; None where that is
    unknown. `size_now_frac` is None where nothing is held yet.
    """

    subject: str
    unit: str
    target_vol_frac: float
    vol_frac: float
    vol_used_frac: float
    vol_source: str
    wanted_frac: float
    cap: Outcome[LeverageCap]
    allowed_frac: float
    horizon_days: float
    size_frac: float | None
    vol_then_frac: float | None
    chance_wanted_frac: float | None
    chance_then_frac: float | None
    market: str
    size_now_frac: float | None = None
    chance_now_frac: float | None = None
    is_in_band: bool = False
    trades: tuple[SizeTrade, ...] = ()
    walked: TargetWalk | None = None


def vol_target_tables(shown: VolTargetShown) -> RenderableType:
    """What the vol wants, what the chance of a liquidation allows, and the size that is left."""
    parts = headed(f"{shown.subject}, for a vol of {percent(shown.target_vol_frac, 1)} a year")
    parts += [grid("How large to be", _HEAD, _figures(shown))]
    if shown.is_in_band:
        parts += [Text(), note("What is held lies within the band: nothing is traded.")]
    elif shown.trades:
        rows = [
            (each.instrument_id, quantity(each.held_contracts, sign=True),
             quantity(each.quantity_contracts, sign=True))
            for each in shown.trades
        ]  # fmt: skip
        parts += [Text(), grid("Trades", _TRADES, rows)]
    parts += [Text(), note(shown.market)]
    failures = [shown.cap] if isinstance(shown.cap, Failure) else []
    return Group(*parts, *troubles("Unknown", failures))


def vol_target_svg(
    shown: VolTargetShown, sizes_frac: Sequence[float], chances_frac: Sequence[float]
) -> str:
    """Draw the chance of a liquidation over size, with what is wanted, allowed and held."""
    marks = [(shown.wanted_frac, "wanted by vol")]
    if isinstance(shown.cap, LeverageCap) and shown.cap.is_binding:
        marks.append((shown.cap.leverage_frac, "cap"))
    if shown.size_now_frac is not None:
        marks.append((shown.size_now_frac, "now"))
    return curves_svg(
        shown.subject,
        list(sizes_frac),
        shown.unit,
        [
            Panel(
                f"Chance of a liquidation within {shown.horizon_days:g} days",
                "%",
                [
                    Curve("chance", [100.0 * each for each in chances_frac]),
                    Curve("allowed", [100.0 * shown.allowed_frac] * len(sizes_frac)),
                ],
            )
        ],
        marks=marks,
    )


def _figures(shown: VolTargetShown) -> list[tuple[str, str, str]]:
    within = f"within {shown.horizon_days:g} d"
    floored = "" if shown.vol_used_frac == shown.vol_frac else (
        f"; counted as {percent(shown.vol_used_frac)}, the least believed"
    )  # fmt: skip
    rows = [("Vol", percent(shown.vol_frac), shown.vol_source + floored)]
    if shown.size_now_frac is not None:
        rows.append(("Size now", _size(shown.size_now_frac), _likely(
            shown.chance_now_frac, within)))  # fmt: skip
    rows.append(("Wanted by vol", _size(shown.wanted_frac),
                 _likely(shown.chance_wanted_frac, within)))  # fmt: skip
    cap = shown.cap
    if isinstance(cap, LeverageCap):
        binds = "binds" if shown.size_frac is not None and cap.leverage_frac < shown.wanted_frac \
            else "does not bind"  # fmt: skip
        source = (
            f"at which it is {percent(cap.allowed_frac, 2)}; {binds}" if cap.is_binding
            else f"the most asked about, at {percent(cap.liquidation_frac, 2)}; {binds}"
        )  # fmt: skip
        rows.append(("Cap", _size(cap.leverage_frac), source))
    else:
        rows.append(("Cap", "unknown", ""))
    held = "unknown" if shown.size_frac is None else _size(shown.size_frac)
    rows.append(("Size to hold", held, _likely(shown.chance_then_frac, within)))
    rows.append(("Vol then", percent(shown.vol_then_frac), "of the equity, a year"))
    walk = shown.walked
    if walk is not None:
        rows += [
            ("Vol in the past", percent(walk.vol_frac),
             f"had the size followed the vol for those {walk.hours_count:,} h, uncapped by "
             "liquidation"),
            ("Sizes in the past", f"{_size(walk.size_min_frac)} to {plain(walk.size_max_frac, 3)}",
             f"changed by {plain(walk.traded_frac_per_year, 1)} of the equity a year"),
        ]  # fmt: skip
    return rows


def _size(size_frac: float) -> str:
    return f"× {plain(size_frac, 3)}"


def _likely(chance_frac: float | None, within: str) -> str:
    if chance_frac is None:
        return "liquidation: unknown"
    told = "under 0.01 %" if 0.0 < chance_frac < 1e-4 else percent(chance_frac, 2)
    return f"liquidated {within}: {told}"
