"""``hedgerow solvency``: how close accounts are to breaking, and how well that is known.

Only the wiring; `app.actions` names what each command runs.
"""

from cyclopts import App

from hedgerow.app.actions import act
from hedgerow.app.options import Data, Json

__all__ = ["solvency"]

solvency = App(name="solvency", help="How close to breaking, how likely, how soon.")
backtest = App(name="backtest", help="Chances that were given, held against what came of them.")
solvency.command(backtest)


@backtest.command(name="perps")
def perps(*, data: Data = None, as_json: Json = False) -> int:
    """Hold chances of liquidation of perpetuals against recorded prices, hour by hour.

    DATA holds the folders perp_binance and ohlcv_binance. Exit status 1 where fewer than nine in
    ten bins hold what came, totals are off by more than a factor 1.25 at a horizon, or the closed
    form on an average of squared returns scores better.
    """
    return act("solvency backtest perps", data, as_json=as_json)
