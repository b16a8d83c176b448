"""``hedgerow hedge``: which trades bring the desk back, how far deltas may stray, what it is worth.

Only the wiring; `app.actions` names what each command runs.
"""

from typing import Final

from cyclopts import App

from hedgerow.app.actions import act
from hedgerow.app.backtest_verb import backtest
from hedgerow.app.hedge_request import BandsAsked
from hedgerow.app.holding_structures import HOLDING_STRUCTURES
from hedgerow.app.option_structures import OPTION_STRUCTURES
from hedgerow.app.options import USUAL, DeskPath, Setting
from hedgerow.app.structure_backtests import BACKTESTS
from hedgerow.app.structures import STRUCTURES

__all__ = ["hedge"]

hedge = App(name="hedge", help="Which trades bring the desk back.")
hedge.command(backtest)
for name, verb in {**STRUCTURES, **OPTION_STRUCTURES, **HOLDING_STRUCTURES, **BACKTESTS}.items():
    hedge.command(verb, name=name)

# What is asked where no flag is given.
_BANDS: Final = BandsAsked()


@hedge.command(name="plan")
def plan(desk: DeskPath = None, *, setting: Setting = USUAL) -> int:
    """Plan the trades that bring each coin's delta back into its band. Sends nothing.

    Exit status 1 also where a hedge cannot be judged, as without an order book.
    """
    return act("hedge plan", setting.source(desk), as_json=setting.as_json)


@hedge.command(name="bands")
def bands(desk: DeskPath = None, *, asked: BandsAsked = _BANDS, setting: Setting = USUAL) -> int:
    """Show how far each hedged coin's delta may stray by every policy, and what that costs.

    Exit status 1 where a coin's bands are unknown, or the one that the desk hedges by.
    """
    return act("hedge bands", setting.source(desk), asked, as_json=setting.as_json)
