"""Every Greek of the dollar value, declared once.

A Greek is a field of `DollarGreeks` with a `Greek` beside its type: how often the dollar value is
derived by spot, by vol and by time. From these three counts everything else follows: the kernel's
output it starts from and the chain rule for coin-settled and linear options, inside the settlement
window and before it (`pricing.chain_rule`), its scale, the columns of `Values`, the rows of the
exposure tree, JSON and the tables. To add a Greek, add a field here and, if its unit is new, a row
in the glossary.

Spot of the coin, the option's own vol and calendar time are the variables. A vol stays with its
strike when spot moves (sticky strike); a forward keeps its ratio to spot, except for `rho`, which
moves that ratio and nothing else. Discounting plays no part: options are on forwards, and what is
paid in coin is worth spot.
"""

from typing import Annotated, Final, Literal, NamedTuple, TypeAlias, final, get_type_hints

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["GREEKS", "VOL_REGIME", "DollarGreeks", "Greek", "GreekColumns", "Orders", "VolRegime"]

Floats: TypeAlias = NDArray[np.float64]
Orders: TypeAlias = tuple[int, int, int]
VolRegime: TypeAlias = Literal["sticky_strike"]
VOL_REGIME: Final[VolRegime] = "sticky_strike"

_DAYS_PER_YEAR = 365.0
_POINTS_PER_VOL = 100.0
_PERCENTS = 100.0
_BPS = 10_000.0


class Greek(NamedTuple):
    """How one Greek is made from the dollar value, and what a person reads above it.

    Attributes
    ----------
    title, unit
        Column heading of a table.
    spot, vol, time
        How often the value is derived by each. All zero for a Greek of the carry.
    carry
        Once for the derivative by the carry rate of the forward, spot standing still.
    """

    title: str
    unit: str
    spot: int = 0
    vol: int = 0
    time: int = 0
    carry: int = 0

    @property
    def orders(self) -> Orders:
        """Derivatives by spot, vol and time."""
        return self.spot, self.vol, self.time

    @property
    def order(self) -> int:
        """First, second or third."""
        return self.spot + self.vol + self.time + self.carry

    def scale(self, spot_usd: Floats) -> Floats:
        """What takes a raw derivative (per dollar, per 1.00, per year) to the displayed one.

        The first derivative by spot counts in dollars of the coin, every further one per cent.
        """
        spots = spot_usd**self.spot / _PERCENTS ** max(self.spot - 1, 0)
        rest = _POINTS_PER_VOL**self.vol * _DAYS_PER_YEAR**self.time * _BPS**self.carry
        return np.asarray(spots / rest, dtype=np.float64)


class DollarGreeks(msgspec.Struct, frozen=True, kw_only=True):
    """Derivatives of a dollar value beyond its delta, in the units of their names.

    Each is the change of what stands before it: gamma that of the dollar delta for one per cent of
    spot, vanna that of the dollar delta for one vol point, zomma that of gamma for one vol point,
    and so on. All add, over positions and over coins: those of spot net unlike coins, as the dollar
    delta does.
    """

    gamma_usd_per_pct: Annotated[float, Greek("Gamma", "USD per 1 %", spot=2)]
    vega_usd_per_volpt: Annotated[float, Greek("Vega", "USD per vol point", vol=1)]
    theta_usd_per_day: Annotated[float, Greek("Theta", "USD per day", time=1)]
    rho_usd_per_bps: Annotated[float, Greek("Rho", "USD per bp", carry=1)]
    vanna_usd_per_volpt: Annotated[float, Greek("Vanna", "delta per pt", spot=1, vol=1)]
    volga_usd_per_volpt2: Annotated[float, Greek("Volga", "vega per pt", vol=2)]
    charm_usd_per_day: Annotated[float, Greek("Charm", "delta per day", spot=1, time=1)]
    veta_usd_per_volpt_day: Annotated[float, Greek("Veta", "vega per day", vol=1, time=1)]
    speed_usd_per_pct2: Annotated[float, Greek("Speed", "gamma per 1 %", spot=3)]
    zomma_usd_per_pct_volpt: Annotated[float, Greek("Zomma", "gamma per pt", spot=2, vol=1)]
    color_usd_per_pct_day: Annotated[float, Greek("Color", "gamma per day", spot=2, time=1)]
    ultima_usd_per_volpt3: Annotated[float, Greek("Ultima", "volga per pt", vol=3)]


def _declared() -> dict[str, Greek]:
    hints = get_type_hints(DollarGreeks, include_extras=True)
    return {
        name: next(one for one in hints[name].__metadata__ if isinstance(one, Greek))
        for name in DollarGreeks.__struct_fields__
    }


GREEKS: Final = _declared()


@final
class GreekColumns:
    """Greeks of one contract each: ``columns["vega_usd_per_volpt"][i]`` is that of row i."""

    __slots__ = ("_table",)

    def __init__(self, table: Floats) -> None:
        assert table.shape[0] == len(GREEKS)
        table.setflags(write=False)
        self._table = table

    def __getitem__(self, name: str) -> Floats:
        return np.asarray(self._table[_ROW[name]], dtype=np.float64)

    @property
    def table(self) -> Floats:
        """Shape (Greeks, n), in the order of `GREEKS`."""
        return self._table


_ROW: Final = {name: row for row, name in enumerate(GREEKS)}
