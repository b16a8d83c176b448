"""Every Greek, declared once: of one option in dollars and in coin, and of the desk.

To add one, add a field of one name to each of the three records, its formula to
`kernels.vanilla` and `pricing.reference`, and if its unit is new a row to the glossary. What the
records say, all others read: rows of kernels and of their limits, columns of `Values`, the
exposure tree, limits, JSON, tables, drawings.

A raw number says in its name what it is derived by, and so how traders scale it. A field of
`DollarGreeks` has a `Greek` beside its type: how often the dollar value is derived by spot, by vol
and by time. From these three counts the raw number follows that it starts from, the chain rule
(`pricing.chain_rule`) and its scale.

Of a desk the variables are spot of the coin, the option's own vol and calendar time. A vol stays
with its strike when spot moves (sticky strike); a forward keeps its ratio to spot, except for
`rho`, which moves that ratio and nothing else. Discounting plays no part: options are on forwards,
and what is paid in coin is worth spot.
"""

from typing import Annotated, Final, Literal, NamedTuple, TypeAlias, final, get_type_hints

import msgspec
import numpy as np

from hedgerow.pricing.gate import Floats

__all__ = [
    "GREEKS",
    "STARTS_FROM",
    "VOL_REGIME",
    "CoinGreeks",
    "DollarGreeks",
    "EuropeanGreeks",
    "Greek",
    "GreekColumns",
    "Orders",
    "VolRegime",
]

Orders: TypeAlias = tuple[int, int, int]
VolRegime: TypeAlias = Literal["sticky_strike"]
VOL_REGIME: Final[VolRegime] = "sticky_strike"

_DAYS_PER_YEAR = 365.0
_POINTS_PER_VOL = 100.0
_PERCENTS = 100.0
_BPS = 10_000.0


# Made in a third of the time that a frozen dataclass takes, which counts for a single option.
class _Raw(msgspec.Struct, frozen=True, eq=False):
    """Per 1.00 of each input and per year; no two fields begin with the same word."""

    @classmethod
    def by_word(cls) -> dict[str, str]:
        """Give the whole name of each field by its first word, as in ``by_word()["vanna"]``."""
        return {name.partition("_")[0]: name for name in cls.__struct_fields__}


class EuropeanGreeks(_Raw, frozen=True, eq=False):
    """One item per option, raw; views of the buffer where one was given, row by row in this order.

    Delta, gamma and speed are in the underlying that was given, forward or spot. Derivatives in
    time are in calendar time: theta is negative for what decays. `veta_usd_per_vol_year` and
    `ultima_usd_per_vol3` are None unless asked for.
    """

    value_usd: Floats
    delta_underlying_frac: Floats
    gamma_coin_per_usd: Floats
    vega_usd_per_vol: Floats
    theta_usd_per_year: Floats
    rho_usd_per_rate: Floats
    vanna_coin_per_vol: Floats
    volga_usd_per_vol2: Floats
    charm_coin_per_year: Floats
    speed_coin_per_usd2: Floats
    zomma_coin_per_usd_vol: Floats
    color_coin_per_usd_year: Floats
    veta_usd_per_vol_year: Floats | None = None
    ultima_usd_per_vol3: Floats | None = None


class CoinGreeks(_Raw, frozen=True, eq=False):
    """Options paid in the coin itself, counted in coin: one item per option, raw.

    Every number is a derivative of v = V/F by the forward, the vol and calendar time; the words
    are those of `EuropeanGreeks`. Where nothing is derived by the forward it is the dollar Greek
    over F; the others follow by the quotient rule (`coin_greeks`).

    Attributes
    ----------
    value_coin
        v = V/F.
    slope_coin_per_usd, gamma_coin_per_usd2, speed_coin_per_usd3
        dv/dF, d²v/dF² and d³v/dF³.
    delta_adjusted_coin
        F · dv/dF = δ - v, the premium-adjusted delta: what to sell if profit is counted in coin.
    vega_coin_per_vol, theta_coin_per_year, volga_coin_per_vol2, ultima_coin_per_vol3
        At an unmoved forward; and so is `veta_coin_per_vol_year`.
    rho_coin_per_rate
        Of the rate that discounts the coins, -T v.
    vanna_coin_per_usd_vol, charm_coin_per_usd_year
        How `slope_coin_per_usd` moves with vol and with time.
    zomma_coin_per_usd2_vol, color_coin_per_usd2_year
        How `gamma_coin_per_usd2` does.
    """

    value_coin: Floats
    slope_coin_per_usd: Floats
    gamma_coin_per_usd2: Floats
    delta_adjusted_coin: Floats
    vega_coin_per_vol: Floats
    theta_coin_per_year: Floats
    rho_coin_per_rate: Floats
    vanna_coin_per_usd_vol: Floats
    volga_coin_per_vol2: Floats
    charm_coin_per_usd_year: Floats
    speed_coin_per_usd3: Floats
    zomma_coin_per_usd2_vol: Floats
    color_coin_per_usd2_year: Floats
    veta_coin_per_vol_year: Floats
    ultima_coin_per_vol3: Floats


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
    found = {name: hints[name].__metadata__[0] for name in DollarGreeks.__struct_fields__}
    # Beyond these `power_orders` and `rows` know none, and what they leave out counts as nothing.
    assert all(each.order <= 3 and each.time * max(each.vol, 1) <= 1 for each in found.values())
    return found


GREEKS: Final = _declared()
# The field of `EuropeanGreeks` that is derived so often by the forward, vol and time.
STARTS_FROM: Final[dict[Orders, str]] = {
    (0, 0, 0): "value_usd",
    (1, 0, 0): "delta_underlying_frac",
    **{
        greek.orders: EuropeanGreeks.by_word()[greek.title.lower()]
        for greek in GREEKS.values()
        if not greek.carry
    },
}


@final
class GreekColumns:
    """Greeks of one contract each: ``columns["vega_usd_per_volpt"][i]`` is that of row i."""

    __slots__ = ("_table",)

    def __init__(self, rows: Floats) -> None:
        assert rows.shape[0] == len(GREEKS)
        rows.setflags(write=False)
        self._table = rows

    def __getitem__(self, name: str) -> Floats:
        return np.asarray(self._table[_ROW[name]], dtype=np.float64)

    @property
    def table(self) -> Floats:
        """Shape (Greeks, n), in the order of `GREEKS`."""
        return self._table


_ROW: Final = {name: row for row, name in enumerate(GREEKS)}
