"""What ``hedgerow price scenario`` does: one option repriced in every cell of a grid."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from hedgerow.app.one_option import columns_of, given_of, items_of, show_option, title_of
from hedgerow.app.option_request import Moves
from hedgerow.app.terms import Terms
from hedgerow.app.written import write_plot
from hedgerow.errors import RequestRejected
from hedgerow.pricing import ScenarioGrid, scenario_profits
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.price_grid import (
    ScenarioTable,
    scenario_builtins,
    scenario_tables,
    vol_words,
)

__all__ = ["price_scenario"]

_CELLS_COUNT_MAX = 100_000


def price_scenario(
    terms: Terms,
    vol_frac: float,
    moves: Moves,
    *,
    quantity_coin: float,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Reprice an option over a grid, print it, and draw it where asked to.

    Raises
    ------
    RequestRejected
        If the quantity is nothing, or the grid too large.
    """
    if quantity_coin == 0.0:
        raise RequestRejected(
            "--quantity 0 gains nothing in any cell; leave it out for one, or write how many"
        )
    years = terms.years()
    cells = _grid(moves)
    options = columns_of(terms, np.array([terms.underlying_usd]), vol_frac, years)
    is_coin = np.array([terms.is_coin_settled])
    profits = quantity_coin * scenario_profits(options, cells, is_coin_settled=is_coin)[:, 0]
    table = ScenarioTable(
        title=f"{quantity_coin:+g} {title_of(terms, years)}, vol {100 * vol_frac:g} %",
        given=given_of(terms, years) | {"vol_frac": vol_frac, "quantity_coin": quantity_coin},
        price_moves_frac=items_of(cells.price_move_frac),
        vol_moves_frac=items_of(cells.vol_move_frac),
        vol_shifts_volpt=tuple(
            shift
            for _ in range(len(cells) // len(moves.vol_shifts_volpt))
            for shift in moves.vol_shifts_volpt
        ),
        elapsed_days=tuple(
            day for day in moves.elapsed_days for _ in range(len(cells) // len(moves.elapsed_days))
        ),
        profits_ccy=items_of(profits + 0.0),  # no minus zero
        currency="coin" if terms.is_coin_settled else "USD",
        remarks=(*terms.remarks(), *_expired(moves.elapsed_days, years)),
    )
    if plot is not None:
        write_plot(plot, _scenario_drawing(table), as_json=as_json)
    show_option(lambda: scenario_builtins(table), lambda: scenario_tables(table), as_json=as_json)
    return 0


def _expired(elapsed_days: Sequence[float], years: float) -> Iterator[str]:
    """Name the days after which there is no option left to reprice."""
    over = [f"{day:g}" for day in dict.fromkeys(elapsed_days) if day / 365.0 >= years and day > 0.0]
    if over:
        yield (
            f"After {', '.join(over)} days the option, which lives {365 * years:.6g}, has expired: "
            "those cells hold what it pays at that price."
        )


def _grid(moves: Moves) -> ScenarioGrid:
    """Cross the axes of moves.

    Raises
    ------
    RequestRejected
        If there are more cells than anybody reads.
    """
    count = math.prod(
        map(len, (moves.price_moves_frac, moves.vol_moves_frac, moves.vol_shifts_volpt,
                  moves.elapsed_days))
    )  # fmt: skip
    if count > _CELLS_COUNT_MAX:
        raise RequestRejected(
            f"--spot-moves, --vol-moves, --vol-points and --days make {count:,} cells, at most "
            f"{_CELLS_COUNT_MAX:,} are priced; leave some out"
        )
    return ScenarioGrid.product(
        price_moves_frac=moves.price_moves_frac,
        vol_moves_frac=moves.vol_moves_frac,
        vol_shifts_frac=np.array(moves.vol_shifts_volpt) / 100.0,
        elapsed_years=np.array(moves.elapsed_days) / 365.0,
    )


def _scenario_drawing(table: ScenarioTable) -> str:
    """Draw profit over the move of the underlying: a panel a day, a line a vol."""
    prices = sorted(set(table.price_moves_frac))
    panels = []
    rows = list(
        zip(table.elapsed_days, table.vol_moves_frac, table.vol_shifts_volpt,
            table.price_moves_frac, table.profits_ccy, strict=True)
    )  # fmt: skip
    for day in dict.fromkeys(table.elapsed_days):
        curves = []
        for vol in dict.fromkeys((move, shift) for _, move, shift, _, _ in rows):
            line = {price: gain for d, m, s, price, gain in rows if (d, m, s) == (day, *vol)}
            curves.append(Curve(vol_words(*vol), [line[price] for price in prices]))
        panels.append(Panel(f"Profit after {day:g} days", table.currency, curves))
    return curves_svg(
        table.title, [100.0 * price for price in prices], "move of the underlying, %", panels
    )
