"""Floors over a chain, as tables for the terminal."""

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.hedging.structures import FloorPlan, FloorReach, FloorTerms
from hedgerow.reporting.figures import clock, percent, plain, significant, usd
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid

__all__ = ["FloorRow", "FloorsShown", "floor_tables"]

_HEAD: tuple[Column, ...] = (
    ("Floor", "", True), ("Floor", "USD", True), ("Cost", "USD", True), ("Cost", "", True),
    ("At least", "USD", True), ("Lowest", "USD", True), ("at spot", "USD", True),
    ("Given away", "USD", True), ("State", "", False),
)  # fmt: skip
_LEGS: tuple[Column, ...] = (
    ("Option", "", False), ("Coins", "", True), ("Price", "USD", True), ("Cost", "USD", True),
)  # fmt: skip
_NOTE = (
    "Cost is paid today, fees included; coins paid count at their expiry's forward, which is what "
    "they are worth at the horizon. At least: what no floor of these options can undercut, "
    "lots left aside. Lowest: what position and options are worth at the horizon where that is "
    "least, the cost taken off, each revalued. Given away: the most that options sold pay on the "
    "spots looked at."
)
_LATER = (
    "Options that live on are revalued at their own vols then: that is a model, and no promise."
)


@dataclass(frozen=True, slots=True, eq=False)
class FloorRow:
    """One floor: how high it was asked for, its plan, and the highest there is where it is none."""

    share_frac: float
    terms: FloorTerms
    plan: Outcome[FloorPlan]
    reach: FloorReach | None

    @property
    def is_for_lots(self) -> bool:
        """Whether only whole lots, or how many options may be used, keep it from being had."""
        return self.reach is not None and self.reach.floor_usd >= self.terms.floor_usd


@dataclass(frozen=True, slots=True, eq=False)
class FloorsShown:
    """Floors under one position, over one chain; `is_exact` where every option ends with them."""

    coin: str
    time_ns: int
    horizon_ns: int
    spot_usd: float
    quantity_coin: float
    options_count: int
    is_exact: bool
    rows: tuple[FloorRow, ...]


def floor_tables(shown: FloorsShown) -> RenderableType:
    """One row for each floor, then the legs of each that has some."""
    worth = shown.quantity_coin * shown.spot_usd
    heading = (
        f"{shown.quantity_coin:+g} {shown.coin}, worth {usd(worth)} USD at {usd(shown.spot_usd)}, "
        f"until {clock(shown.horizon_ns)}; the chain of {clock(shown.time_ns)} lists "
        f"{shown.options_count} options for it"
    )
    parts = headed(heading)
    plans = [(row, row.plan) for row in shown.rows if not isinstance(row.plan, Failure)]
    if plans:
        rows = [_cells(row, plan, worth) for row, plan in plans]
        parts.append(grid("Cheapest floors", _HEAD, rows))
    for row, plan in plans:
        if plan.legs:
            legs = [
                (leg.name, significant(leg.quantity_coin, 6), plain(leg.price_usd, 2),
                 plain(leg.cost_usd, 2))
                for leg in plan.legs
            ]  # fmt: skip
            parts += [Text(), grid(f"Floor of {percent(row.share_frac)}", _LEGS, legs)]
        parts += [note(said) for said in _ends(row, plan)]
    if plans:
        parts += [Text(), note(_NOTE)]
    if not shown.is_exact:
        parts.append(note(_LATER))
    failures = [row.plan for row in shown.rows if isinstance(row.plan, Failure)]
    return Group(*parts, *troubles("No answer", failures))


def _cells(row: FloorRow, plan: FloorPlan, worth: float) -> tuple[str, ...]:
    state = "held" if plan.is_held else "OUT OF REACH"
    if plan.is_held and not plan.legs:
        state = "held already"
    return (
        percent(row.share_frac),
        usd(plan.floor_usd),
        usd(plan.cost_usd),
        percent(plan.cost_usd / abs(worth), 2),
        usd(max(plan.bound_usd, 0.0) if plan.is_held else None),
        usd(plan.lowest_usd),
        usd(plan.lowest_at_usd),
        usd(plan.given_away_usd),
        state,
    )


def _ends(row: FloorRow, plan: FloorPlan) -> list[str]:
    """Say where a floor ends, and how high one could be."""
    said = []
    if plan.is_held and plan.holds_from_usd is not None:
        said.append(f"It does not hold at {usd(plan.holds_from_usd)} USD and below.")
    if plan.is_held and plan.holds_until_usd is not None:
        said.append(f"It does not hold at {usd(plan.holds_until_usd)} USD and above.")
    if not plan.is_held and row.reach is not None and row.is_for_lots:
        said.append(
            "Whole lots, or the legs allowed, are what it lacks: of parts of lots it could be had, "
            f"and up to {usd(row.reach.floor_usd)} USD. Legs shown are those that miss what was "
            "asked by least."
        )
    elif not plan.is_held and row.reach is not None:
        said.append(
            f"The highest floor here is {usd(row.reach.floor_usd)} USD, for "
            f"{usd(row.reach.cost_usd)} USD, lots left aside. "
            "Legs shown are those that miss what was asked by least."
        )
    return said
