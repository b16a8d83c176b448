"""Market events: what a venue, a chain or a recording says about the world at one time.

Every event carries `time_ns`, the time from which hedgerow could have known it (a candle is known
at its close). Prices are exact, as the venue printed them; vols and Greeks are model numbers. An
absent price is None, never zero.
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import TypeAlias

import msgspec

from hedgerow.errors import MarketRejected

__all__ = [
    "NO_SHOCK",
    "AssetPrice",
    "Candle",
    "FundingSettlement",
    "IndexPrice",
    "Ladder",
    "LendingIndex",
    "Level",
    "MarketEvent",
    "OptionMark",
    "OptionQuote",
    "OracleAnswer",
    "PowerMark",
    "PowerState",
    "Quote",
    "ShareRate",
    "Shock",
    "StakingRate",
    "TradePrint",
]


def _price(subject: str, field: str, price: Decimal | None, *, zero_is_fine: bool = False) -> None:
    if price is None:
        return
    if not price.is_finite() or price < 0 or (price == 0 and not zero_is_fine):
        raise MarketRejected(f"{subject}: {field} must be positive and finite, was {price}")


def _uncrossed(subject: str, bid: Decimal | None, ask: Decimal | None) -> None:
    if bid is not None and ask is not None and bid > ask:
        raise MarketRejected(f"{subject}: crossed, bid {bid} above ask {ask}")


class Quote(msgspec.Struct, frozen=True, kw_only=True, tag="quote"):
    """Best prices and mark of a future or perpetual, in the quote currency of its contract."""

    time_ns: int
    instrument_id: str
    price_mark_usd: Decimal
    price_bid_usd: Decimal | None = None
    price_ask_usd: Decimal | None = None

    def __post_init__(self) -> None:
        _price(self.instrument_id, "price_mark_usd", self.price_mark_usd)
        _price(self.instrument_id, "price_bid_usd", self.price_bid_usd)
        _price(self.instrument_id, "price_ask_usd", self.price_ask_usd)
        _uncrossed(self.instrument_id, self.price_bid_usd, self.price_ask_usd)


class OptionQuote(msgspec.Struct, frozen=True, kw_only=True, tag="option_quote"):
    """One row of an option chain. `_ccy` prices are in the option's settlement asset.

    `price_underlying_usd` is the forward the venue used for that expiry. `delta_forward_frac` and
    `vega_usd_per_volpt` are the venue's own, kept to compare with ours and never used as inputs.
    """

    time_ns: int
    instrument_id: str
    underlying: str
    price_underlying_usd: Decimal
    vol_mark_frac: float
    price_mark_ccy: Decimal | None = None
    price_bid_ccy: Decimal | None = None
    price_ask_ccy: Decimal | None = None
    delta_forward_frac: float | None = None
    vega_usd_per_volpt: float | None = None

    def __post_init__(self) -> None:
        _price(self.instrument_id, "price_underlying_usd", self.price_underlying_usd)
        _price(self.instrument_id, "price_mark_ccy", self.price_mark_ccy, zero_is_fine=True)
        _price(self.instrument_id, "price_bid_ccy", self.price_bid_ccy)
        _price(self.instrument_id, "price_ask_ccy", self.price_ask_ccy)
        _uncrossed(self.instrument_id, self.price_bid_ccy, self.price_ask_ccy)
        # Fault matrix D02: a vol above 1,000 % is a unit mistake (percent for fraction).
        if not (math.isfinite(self.vol_mark_frac) and 0 < self.vol_mark_frac <= 10):
            raise MarketRejected(
                f"{self.instrument_id}: vol_mark_frac must lie in (0, 10], was {self.vol_mark_frac}"
            )


class Candle(msgspec.Struct, frozen=True, kw_only=True, tag="candle"):
    """A bar of trades, known at `time_ns`, which is its close."""

    time_ns: int
    time_open_ns: int
    instrument_id: str
    price_open_usd: Decimal
    price_high_usd: Decimal
    price_low_usd: Decimal
    price_close_usd: Decimal
    volume_coin: Decimal

    def __post_init__(self) -> None:
        for field in ("price_open_usd", "price_high_usd", "price_low_usd", "price_close_usd"):
            _price(self.instrument_id, field, getattr(self, field))
        body = (self.price_open_usd, self.price_close_usd)
        if self.price_low_usd > min(body) or self.price_high_usd < max(body):
            raise MarketRejected(
                f"{self.instrument_id}: candle low {self.price_low_usd} and high "
                f"{self.price_high_usd} do not hold open and close {body}"
            )


class IndexPrice(msgspec.Struct, frozen=True, kw_only=True, tag="index"):
    """A venue's index of one coin."""

    time_ns: int
    underlying: str
    price_usd: Decimal

    def __post_init__(self) -> None:
        _price(f"index {self.underlying}", "price_usd", self.price_usd)


class Level(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One price level of a ladder."""

    price_usd: Decimal
    quantity_contracts: Decimal


class Ladder(msgspec.Struct, frozen=True, kw_only=True, tag="ladder"):
    """An order book: bids falling, asks rising, never crossed, never one-sided.

    `is_assumed` marks a ladder that a model supplied because nobody recorded one.
    """

    time_ns: int
    instrument_id: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    is_assumed: bool = False

    def __post_init__(self) -> None:
        if not self.bids or not self.asks:
            side = "bids" if not self.bids else "asks"
            raise MarketRejected(f"{self.instrument_id}: empty book, no {side}")
        for side, levels, sign in (("bids", self.bids, -1), ("asks", self.asks, 1)):
            for level in levels:
                _price(f"{self.instrument_id} {side}", "price_usd", level.price_usd)
                if not (level.quantity_contracts.is_finite() and level.quantity_contracts > 0):
                    raise MarketRejected(
                        f"{self.instrument_id} {side}: quantity_contracts must be positive, "
                        f"was {level.quantity_contracts}"
                    )
            for near, far in pairwise(levels):
                if sign * (far.price_usd - near.price_usd) <= 0:
                    raise MarketRejected(
                        f"{self.instrument_id} {side}: levels out of order, "
                        f"{near.price_usd} then {far.price_usd}"
                    )
        if self.bids[0].price_usd >= self.asks[0].price_usd:
            raise MarketRejected(
                f"{self.instrument_id}: crossed book, bid {self.bids[0].price_usd} at or above "
                f"ask {self.asks[0].price_usd}"
            )

    @property
    def price_mid_usd(self) -> Decimal:
        """Half way between best bid and best ask."""
        return (self.bids[0].price_usd + self.asks[0].price_usd) / 2


class TradePrint(msgspec.Struct, frozen=True, kw_only=True, tag="trade"):
    """One public trade."""

    time_ns: int
    instrument_id: str
    price_usd: Decimal
    quantity_contracts: Decimal
    is_buyer_maker: bool


class FundingSettlement(msgspec.Struct, frozen=True, kw_only=True, tag="funding"):
    """Funding paid at `time_ns`: positive when longs pay shorts, as a fraction of notional."""

    time_ns: int
    instrument_id: str
    rate_frac: Decimal

    def __post_init__(self) -> None:
        if not self.rate_frac.is_finite() or abs(self.rate_frac) >= 1:
            raise MarketRejected(
                f"{self.instrument_id}: funding rate_frac must lie inside ±1, was {self.rate_frac}"
            )


class OracleAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="oracle"):
    """A price feed's latest answer. `time_ns` is when the feed wrote it."""

    time_ns: int
    asset: str
    price_usd: Decimal
    heartbeat_ns: int
    is_assumed: bool = False

    def __post_init__(self) -> None:
        _price(f"oracle {self.asset}", "price_usd", self.price_usd)


class LendingIndex(msgspec.Struct, frozen=True, kw_only=True, tag="lending_index"):
    """Growth since inception of one unit supplied and one unit borrowed, scaled 1e27.

    The rates are those at which they grow at that time; None where the source gives none. Where the
    market keeps its debt in shares (Morpho Blue) `borrowed_raw` is all of it in the asset's
    smallest unit and `borrowed_shares_raw` the shares that owe it; None elsewhere.
    """

    time_ns: int
    market: str
    asset: str
    liquidity_index_ray: int
    borrow_index_ray: int
    supply_frac_per_year: Decimal | None = None
    borrow_frac_per_year: Decimal | None = None
    borrowed_raw: int | None = None
    borrowed_shares_raw: int | None = None

    def __post_init__(self) -> None:
        for rate in (self.supply_frac_per_year, self.borrow_frac_per_year):
            if rate is not None and not (rate.is_finite() and rate >= 0):
                raise MarketRejected(
                    f"{self.market} {self.asset}: lending rates must be finite and not negative, "
                    f"was {rate}"
                )
        totals = (self.borrowed_raw, self.borrowed_shares_raw)
        if (None in totals and totals != (None, None)) or min(each or 0 for each in totals) < 0:
            raise MarketRejected(
                f"{self.market} {self.asset}: borrowed_raw and borrowed_shares_raw come together "
                f"and are not negative, were {self.borrowed_raw} and {self.borrowed_shares_raw}"
            )
        if min(self.liquidity_index_ray, self.borrow_index_ray) < 10**27:
            raise MarketRejected(
                f"{self.market} {self.asset}: lending indices start at 1e27 and only grow, were "
                f"{self.liquidity_index_ray} and {self.borrow_index_ray}"
            )


class StakingRate(msgspec.Struct, frozen=True, kw_only=True, tag="staking_rate"):
    """What one staked token redeems for, and the discount at which it trades.

    Market value of one token = base price · rate · (1 - discount).
    """

    time_ns: int
    asset: str
    base: str
    rate_coin_per_coin: Decimal
    discount_frac: Decimal
    is_assumed: bool = False

    def __post_init__(self) -> None:
        _price(f"staking rate {self.asset}", "rate_coin_per_coin", self.rate_coin_per_coin)
        if not (self.discount_frac.is_finite() and self.discount_frac < 1):
            raise MarketRejected(
                f"staking rate {self.asset}: discount_frac must be below 1, "
                f"was {self.discount_frac}"
            )


class ShareRate(msgspec.Struct, frozen=True, kw_only=True, tag="share_rate"):
    """How much of its asset one share of a vault is worth."""

    time_ns: int
    vault: str
    rate_coin_per_share: Decimal
    is_assumed: bool = False

    def __post_init__(self) -> None:
        _price(f"share rate {self.vault}", "rate_coin_per_share", self.rate_coin_per_share)


class PowerState(msgspec.Struct, frozen=True, kw_only=True, tag="power_state"):
    """Norm factor of a power perpetual, and its mark with the coin's price of the same time.

    Mark over index at one time is the premium, which says what variance the market expects.
    """

    time_ns: int
    instrument_id: str
    norm_factor_frac: Decimal
    price_underlying_usd: Decimal
    price_mark_usd: Decimal

    def __post_init__(self) -> None:
        _price(self.instrument_id, "norm_factor_frac", self.norm_factor_frac)
        _price(self.instrument_id, "price_underlying_usd", self.price_underlying_usd)
        _price(self.instrument_id, "price_mark_usd", self.price_mark_usd)


MarketEvent: TypeAlias = (
    Quote
    | OptionQuote
    | Candle
    | IndexPrice
    | Ladder
    | TradePrint
    | FundingSettlement
    | OracleAnswer
    | LendingIndex
    | StakingRate
    | ShareRate
    | PowerState
)


class AssetPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit of an asset is worth and which coin moves it."""

    price_usd: float
    underlying: str
    delta_coin_per_unit: float


class OptionMark(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a model needs to value one option now.

    `age_ns` is the age of the vol; a positive age means the forward was carried from the last chain
    by the perpetual and the mark is an estimate.

    What the option settles at has the forward `average_usd` and, in plain time, the vol
    ``vol_scale_frac · vol_frac``; a move of the forward moves it by its `open_frac`. Before the
    settlement window these are the forward and the vol. `is_heard` unless a part of the window has
    gone by in which the index was not heard (`hedgerow.market.averages`).
    """

    forward_usd: float
    vol_frac: float
    expiry_years: float
    age_ns: int
    is_estimate: bool
    average_usd: float
    vol_scale_frac: float = 1.0
    open_frac: float = 1.0
    is_heard: bool = True

    @property
    def vol_average_frac(self) -> float:
        """The vol, in plain time, of what the option settles at."""
        return self.vol_scale_frac * self.vol_frac

    @property
    def moved_frac(self) -> float:
        """By what part of a relative move of the forward that moves: one before the window."""
        return self.open_frac * (self.forward_usd / self.average_usd)


class PowerMark(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a model needs to value one power perpetual now.

    `price_usd` is the coin's now; the `recorded` prices are those of the last state, which together
    give the premium. `vol_factor_frac`, `vol_shift_frac` and `elapsed_years` are what a shock adds.
    """

    price_usd: float
    norm_factor_frac: float
    price_underlying_recorded_usd: float
    price_mark_recorded_usd: float
    vol_factor_frac: float
    vol_shift_frac: float
    elapsed_years: float
    age_ns: int
    is_estimate: bool


class Shock(msgspec.Struct, frozen=True, kw_only=True):
    """Relative moves of prices and vols, and a step forward in time.

    Attributes
    ----------
    spot_factor_frac
        By coin, 0.9 for a fall of 10 %: its spot, forwards, perpetuals and oracle answers alike,
        and every token whose price derives from it. A dollar coin or a staked token named here
        breaks its peg. Coins not named stand still.
    basis_factor_frac
        By coin: its forwards, futures and perpetuals alone, against a spot that stands still.
    mark_factor_frac
        By instrument: the mark of one future or perpetual alone.
    vol_factor_frac, vol_shift_frac
        A vol becomes ``vol · vol_factor_frac + vol_shift_frac``, and never less than zero.
    time_forward_ns
        Options lose that time, and loans whose rates are known grow by it.
    """

    spot_factor_frac: Mapping[str, float] = {}
    vol_factor_frac: float = 1.0
    vol_shift_frac: float = 0.0
    time_forward_ns: int = 0
    basis_factor_frac: Mapping[str, float] = {}
    mark_factor_frac: Mapping[str, float] = {}

    def __post_init__(self) -> None:
        named = (self.spot_factor_frac, self.basis_factor_frac, self.mark_factor_frac)
        factors = (self.vol_factor_frac, *(factor for each in named for factor in each.values()))
        if not all(0 < factor < float("inf") for factor in factors):
            raise ValueError(f"shock factors must be positive and finite, were {factors}")
        if not math.isfinite(self.vol_shift_frac):
            raise ValueError(f"vol_shift_frac must be finite, was {self.vol_shift_frac}")

    def on(self, coin: str) -> float:
        """Give the factor on one coin's price."""
        return self.spot_factor_frac.get(coin, 1.0)

    def on_forward(self, coin: str) -> float:
        """Give the factor on what one coin costs later."""
        return self.on(coin) * self.basis_factor_frac.get(coin, 1.0)

    def on_mark(self, instrument_id: str, coin: str) -> float:
        """Give the factor on the mark of a future or perpetual of a coin."""
        return self.on_forward(coin) * self.mark_factor_frac.get(instrument_id, 1.0)

    def on_vol(self, vol_frac: float) -> float:
        """Give a vol after the shock."""
        return max(0.0, vol_frac * self.vol_factor_frac + self.vol_shift_frac)

    def then(self, other: "Shock") -> "Shock":
        """Compose: this shock first, the other on top of it."""
        return Shock(
            spot_factor_frac=_multiplied(self.spot_factor_frac, other.spot_factor_frac),
            basis_factor_frac=_multiplied(self.basis_factor_frac, other.basis_factor_frac),
            mark_factor_frac=_multiplied(self.mark_factor_frac, other.mark_factor_frac),
            vol_factor_frac=self.vol_factor_frac * other.vol_factor_frac,
            vol_shift_frac=self.vol_shift_frac * other.vol_factor_frac + other.vol_shift_frac,
            time_forward_ns=self.time_forward_ns + other.time_forward_ns,
        )


def _multiplied(
    first_frac: Mapping[str, float], then_frac: Mapping[str, float]
) -> Mapping[str, float]:
    named = sorted({*first_frac, *then_frac})
    return {name: first_frac.get(name, 1.0) * then_frac.get(name, 1.0) for name in named}


NO_SHOCK = Shock()
