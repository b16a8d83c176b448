"""What a stop-loss is likely to do beside its rivals, as tables for the terminal and a drawing."""

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.hedging.structures import LossWay, StopOutlook
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.figures import percent, usd, usd_all
from hedgerow.reporting.framing import headed, note
from hedgerow.reporting.grid import Column, grid

__all__ = ["StopShown", "stop_svg", "stop_tables"]

_HEAD: tuple[Column, ...] = (("Figure", "", False), ("Value", "", True), ("Remark", "", False))
_WAYS: tuple[Column, ...] = (
    ("Way", "", False), ("Paid now", "USD", True), ("Acts in", "", True), ("Mean", "USD", True),
    ("± error", "USD", True), ("Worst 5 %", "USD", True), ("Worst of all", "USD", True),
    ("Best 5 %", "USD", True),
)  # fmt: skip
# Of the paths in the drawing, per cent: the few best would make all others one line.
_FIRST, _LAST = 1, 95
_NOTE = (
    "Profits until the last look, costs taken off; worst and best 5 % are means of them. No price "
    "is expected to rise or fall here, so every way earns less than nothing by what it costs on "
    "average: they differ in what they leave of the worst and of the best."
)


class StopShown(msgspec.Struct, frozen=True, kw_only=True):
    """A stop and what was assumed; chances of being met are of a price watched all the time."""

    quantity_coin: float
    price_usd: float
    level_usd: float
    is_trailing: bool
    days: float
    look_hours: float
    vol_frac: float
    slippage_frac: float
    cost_frac: float
    is_option_told: bool
    market: str
    lognormal_hit_frac: float | None
    tailed_hit_frac: float | None
    outlook: StopOutlook


def stop_tables(shown: StopShown) -> RenderableType:
    """What the stop does, then every way side by side."""
    worth = abs(shown.quantity_coin) * shown.price_usd
    kind = "trailing stop" if shown.is_trailing else "stop"
    parts = headed(
        f"A {kind} under {shown.quantity_coin:+g} coins at {usd(shown.price_usd)} USD: leave at "
        f"{usd(shown.level_usd)} USD, looked at every {shown.look_hours:g} h for {shown.days:g} d"
    )
    rows = [_cells(each, worth) for each in shown.outlook.ways]
    parts += [
        grid("What the stop does", _HEAD, _figures(shown, worth)),
        Text(),
        grid("Beside other ways", _WAYS, rows),
        Text(),
        note(f"Taken to move with {percent(shown.vol_frac, 1)} a year: {shown.market}; "
             f"{shown.outlook.paths_count} paths."),
        note(_NOTE),
    ]  # fmt: skip
    return Group(*parts)


def stop_svg(shown: StopShown) -> str:
    """Draw how profits are spread in each way: the part of paths below, and the profit."""
    worth = abs(shown.quantity_coin) * shown.price_usd
    curves = [
        Curve(each.name, [worth * frac for frac in each.quantiles_frac[_FIRST : _LAST + 1]])
        for each in shown.outlook.ways
    ]
    return curves_svg(
        f"{shown.quantity_coin:+g} coins over {shown.days:g} days, stopped at "
        f"{usd(shown.level_usd)} USD",
        [float(n) for n in range(_FIRST, _LAST + 1)],
        "% of paths that end lower",
        [Panel("Profit, costs taken off", "USD", curves)],
    )


def _figures(shown: StopShown, worth: float) -> list[tuple[str, str, str]]:
    found = shown.outlook
    error = percent(found.hit_error_frac, 2)
    rows = [("Met at a look", percent(found.hit_frac, 2), f"± {error}, of paths drawn")]
    if shown.lognormal_hit_frac is not None:
        rows.append(("At one vol, watched always", percent(shown.lognormal_hit_frac, 2),
                     "closed form"))  # fmt: skip
    if shown.tailed_hit_frac is not None:
        rows.append(("With tails, watched always", percent(shown.tailed_hit_frac, 2),
                     "closed form with regimes and jumps, rounded up"))  # fmt: skip
    side = "Below" if shown.quantity_coin < 0.0 else "Above"
    rows += [
        ("Seen beyond its level by", percent(found.gap_frac, 2),
         "of the level on average, "
         f"{percent(found.gap_stressed_frac, 2)} in the worst 5 %: looks and jumps"),
        ("Filled further still by", percent(shown.slippage_frac, 2),
         "of the price seen: slippage of the order, as was told"),
        ("Both expected to cost", f"{usd(found.beyond_frac * worth)} USD",
         f"{percent(found.beyond_frac, 2)} of what is held, paths that never meet it counted"),
        (f"{side} again at the end", percent(found.regained_frac, 1),
         "of those stopped: better left alone"),
    ]  # fmt: skip
    source = (
        "as was told" if shown.is_option_told else "what it pays on average: listed ones cost more"
    )
    option = next(each for each in found.ways if each.name == "option at its level")
    rows.append(("Option at its level", percent(option.cost_frac, 2), source))
    return rows


def _cells(way: LossWay, worth: float) -> tuple[str, ...]:
    told = usd_all([
        worth * each for each in (
            way.mean_frac, way.error_frac, way.shortfall_frac, way.worst_frac, way.upside_frac,
        )
    ])  # fmt: skip
    return way.name, usd(worth * way.cost_frac), percent(way.acted_frac), *told
