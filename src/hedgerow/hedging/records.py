"""What enters and leaves the hedging room: a hedge policy per coin, and a trade plan."""

from decimal import Decimal

import msgspec

from hedgerow.errors import Failure
from hedgerow.hedging.band_records import BandKind, HedgeBudget
from hedgerow.hedging.narrowing import Narrowing

__all__ = ["NO_CAPS", "Caps", "HedgePolicy", "Trade", "TradePlan"]


class HedgePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How one coin's delta is held: with which perpetual, in which account, around which target.

    `risk_aversion_per_usd` is the absolute risk aversion of the band (Whalley and Wilmott 1997); it
    scales with the size of the book. `band_min_coin` keeps the band open where gamma vanishes.

    Attributes
    ----------
    band
        Which policy. None is Whalley and Wilmott's plain band, of the net gamma alone; all that are
        named have the floor of `BandInputs` below gamma.
    budget
        From which the risk aversion follows, in place of one that is given.
    vol_frac
        How much the coin is expected to move; needed by the policies that are named.
    fixed_cost_usd
        Of each trade, besides what goes with its size.
    interval_ns, look_ns
        Between two hedges of the policy that hedges at times, and between two looks at the desk:
        it hedges at the first look after each multiple of the interval. With no time between two
        looks a desk is watched all the time.
    """

    underlying: str
    instrument_id: str
    account_id: str
    target_delta_coin: float
    risk_aversion_per_usd: float | None
    band_min_coin: float
    fee_taker_frac: float
    slippage_limit_frac: float
    band: BandKind | None = None
    budget: HedgeBudget | None = None
    vol_frac: float | None = None
    fixed_cost_usd: float = 0.0
    interval_ns: int | None = None
    look_ns: int = 0


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk's budget still allows: one order, and orders for the rest of the day.

    None is no cap. A trade is cut to fit, so that a budget slows a rescue down and never stops it.
    """

    order_usd_max: Decimal | None = None
    left_usd: Decimal | None = None


NO_CAPS = Caps()


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One hedge: how much of what, from which delta to which, inside which band, at what cost.

    `crossing_usd` is paid beyond the mid: half a spread, and what deeper levels ask more. Like the
    fee it leaves in the coin that the perpetual pays in, and is told at that coin's price.
    `narrowing` is told where a soft limit leaves less of the band than its policy has.
    """

    underlying: str
    instrument_id: str
    account_id: str
    quantity_contracts: Decimal
    price_limit_usd: Decimal
    delta_before_coin: float
    delta_after_coin: float
    band_halfwidth_coin: float
    target_delta_coin: float
    crossing_usd: float
    fee_usd: float
    narrowing: Narrowing | None = None

    @property
    def cost_expected_usd(self) -> float:
        """All of it: without funding, which nobody counts here."""
        return self.crossing_usd + self.fee_usd


class TradePlan(msgspec.Struct, frozen=True, kw_only=True):
    """Trades that bring deltas back into their bands, and what could not be done."""

    trades: tuple[Trade, ...]
    unmet: tuple[Failure, ...]
