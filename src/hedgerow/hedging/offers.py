"""What may be traded, where, and at what cost: one offer for an instrument on an account.

An instrument, the account that would hold it, the market and the rulebook's fees enter; an `Offer`
leaves, level by level what a contract costs beyond the mark at which it is valued afterwards.
Futures and perpetuals walk the order book that stands there. Options have a best bid and ask and no
book: how much stands there is the caller's assumption, and each further block of that size costs
one half spread more. Depth is scaled by `depth_factor_frac`, for the day on which books are thin.

A price better than the mark is taken as the mark: an order is never given because our own mark
differs. What has no price on a side cannot be traded that way; what has none at all is a failure.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import (
    EntryContract,
    InversePerpetual,
    LinearPerpetual,
    Option,
    QuantoPerpetual,
    lot_of,
    settlement_of,
)
from hedgerow.margin import Charges, mark_ccy
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import unit_ccy
from hedgerow.units import DAY_NS, digits_of, percent, to_exact, to_model

__all__ = ["Depth", "Offer", "Rung", "offer"]

# Blocks of the assumed depth of an option, each a half spread dearer than the one before; nobody
# recorded one, so it is assumed, and every plan says so (`Depth.statement`).
_BLOCKS = 3


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """What is assumed of books: how much of an option stands at its best, and how thin all is.

    No recording of option depth exists; the figure is the caller's and is shown with every plan.
    Where a whole chain has neither bids nor asks, the half spread is `half_spread_vol_frac` of vol;
    where others of it have, what nobody bids or asks cannot be traded.
    """

    option_contracts: float = 25.0
    half_spread_vol_frac: float = 0.01
    factor_frac: float = 1.0

    def __post_init__(self) -> None:
        for name in ("option_contracts", "half_spread_vol_frac", "factor_frac"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise ValueError(f"depth: {name} must be positive, was {getattr(self, name)}")

    def statement(self) -> str:
        """Say what is assumed."""
        return (
            f"{self.option_contracts:g} contracts of an option are assumed at its best bid and "
            "ask, as many again at each half spread further, three times over; every book holds "
            f"{self.factor_frac:g} times what it shows. In a chain without bids and asks options "
            f"are traded {percent(self.half_spread_vol_frac)} of vol beside their mark, half a "
            "tick at least, at whole ticks."
        )


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """So many contracts at so much each beyond the mark, of which `fee_usd_per_contract` is fee."""

    width_contracts: float
    cost_usd_per_contract: float
    fee_usd_per_contract: float


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument as one account may trade it. `price_mark_ccy` is in the unit of `Leg`.

    `carry_usd_per_day` is what a contract held long receives in funding at the last rate (pays
    where negative); zero where it has none, None where no rate is known. An offer may go less far
    than its book does: `buys_contracts_max` and `sells_contracts_max` bound it where they are told.
    """

    instrument_id: str
    account_id: str
    venue: str
    terms: EntryContract | Option
    lot_contracts: float
    price_mark_ccy: float
    buys: tuple[Rung, ...]
    sells: tuple[Rung, ...]
    carry_usd_per_day: float | None
    buys_contracts_max: float | None = None
    sells_contracts_max: float | None = None

    @property
    def name(self) -> str:
        """What a decision on it is called."""
        return f"{self.instrument_id} on {self.account_id}"

    def most_contracts(self, *, is_up: bool) -> float:
        """Say how much may be done on a side: what the book holds, and no more than is allowed."""
        held = sum(rung.width_contracts for rung in (self.buys if is_up else self.sells))
        most = self.buys_contracts_max if is_up else self.sells_contracts_max
        return held if most is None else min(held, most)

    def carry_paid_usd(self, quantity_contracts: float, horizon_days: float) -> float | None:
        """Say what so many contracts pay in funding, negative where they receive; None: unknown."""
        if self.carry_usd_per_day is None:
            return None
        return -self.carry_usd_per_day * horizon_days * quantity_contracts


def offer(
    terms: EntryContract | Option,
    account: Account,
    snapshot: Snapshot,
    charges: Charges,
    depth: Depth,
) -> Outcome[Offer]:
    """Price one instrument on one account.

    Returns
    -------
    Offer or Failure
        A failure where the mark, the price of what it pays in, or every price to trade at is
        missing.
    """
    mark = mark_ccy(terms, snapshot)
    if isinstance(mark, Failure):
        return mark
    paid = snapshot.asset(settlement_of(terms))
    if isinstance(paid, Failure):
        return paid
    lot = lot_of(terms)
    assert lot is not None, "futures and options have lots"
    sides: list[tuple[Rung, ...]] = []
    for is_buy in (True, False):
        if isinstance(terms, Option):
            priced = _option_levels(terms, mark, snapshot, charges, depth, is_buy=is_buy)
        else:
            priced = _book_levels(terms, mark, snapshot, charges, depth, is_buy=is_buy)
        if isinstance(priced, Failure):
            return priced
        sides.append(tuple(_in_dollars(priced, paid.price_usd)))
    if not (sides[0] or sides[1]):
        return Failure(
            subject=terms.instrument_id,
            reason="no_source",
            message="quoted neither to buy nor to sell",
        )
    return Offer(
        instrument_id=terms.instrument_id,
        account_id=account.account_id,
        venue=account.venue,
        terms=terms,
        lot_contracts=to_model(lot),
        price_mark_ccy=mark,
        buys=sides[0],
        sells=sides[1],
        carry_usd_per_day=_carry_usd_per_day(terms, mark, snapshot, paid.price_usd),
    )


class _Level(NamedTuple):
    """A level as its venue counts it: what a contract costs beyond the mark, less than none too."""

    width_contracts: float
    beyond_ccy_per_contract: float
    fee_ccy_per_contract: float


def _book_levels(
    terms: EntryContract,
    mark_usd: float,
    snapshot: Snapshot,
    charges: Charges,
    depth: Depth,
    *,
    is_buy: bool,
) -> Outcome[list[_Level]]:
    ladder = snapshot.ladder(terms.instrument_id)
    if isinstance(ladder, Failure):
        return ladder
    # A ladder is as it was heard; under a shock it moves with the mark.
    moved = (
        mark_usd / to_model(ladder.price_mid_usd)
        if snapshot.shock.on_mark(terms.instrument_id, terms.underlying) != 1.0
        else 1.0
    )
    unit = to_model(unit_ccy(terms, digits_of(mark_usd)))
    levels = []
    for level in ladder.asks if is_buy else ladder.bids:
        price_usd = to_model(level.price_usd) * moved
        there = to_model(unit_ccy(terms, digits_of(price_usd)))
        beyond = (there - unit) if is_buy else (unit - there)
        fee = to_model(charges.fee_taker_frac) * _notional_ccy(terms, price_usd)
        width = to_model(level.quantity_contracts) * depth.factor_frac
        levels.append(_Level(width, beyond, fee))
    return levels


def _notional_ccy(terms: EntryContract, price_usd: float) -> float:
    return abs(to_model(unit_ccy(terms, digits_of(price_usd))))


def _option_levels(
    terms: Option,
    price_mark_ccy: float,
    snapshot: Snapshot,
    charges: Charges,
    depth: Depth,
    *,
    is_buy: bool,
) -> Outcome[list[_Level]]:
    marked = snapshot.option(terms)
    if isinstance(marked, Failure):
        return marked
    half = _half_spread_ccy(terms, price_mark_ccy, snapshot, depth, is_buy=is_buy)
    if half is None:
        return []
    coins = to_model(terms.multiplier_coin_per_contract)
    notional = coins * (1.0 if terms.is_coin_settled else marked.forward_usd)
    tick, sign = to_model(terms.tick_ccy), 1 if is_buy else -1
    levels = []
    for block in range(_BLOCKS):
        price = price_mark_ccy + sign * (1 + block) * half.ccy
        if half.is_assumed:
            price = to_model(to_exact(price, terms.tick_ccy, "up" if is_buy else "down"))
        if price < tick:
            # No order can be given below one tick: who buys pays it, who sells finds nobody.
            if not is_buy:
                break
            price = tick
        fee = to_model(charges.fee_taker_frac) * notional
        if charges.fee_cap_of_price_frac is not None:
            fee = min(fee, to_model(charges.fee_cap_of_price_frac) * coins * price)
        beyond = coins * sign * (price - price_mark_ccy)
        levels.append(_Level(depth.option_contracts * depth.factor_frac, beyond, fee))
    return levels


class _Half(NamedTuple):
    """Half a spread, and whether nobody quoted it: then prices are put on the venue's ticks."""

    ccy: float
    is_assumed: bool = False


def _has_quotes(snapshot: Snapshot, underlying: str) -> bool:
    """Say whether a coin's options have bids and asks at all, or marks alone."""
    return any(
        quote.price_bid_ccy is not None or quote.price_ask_ccy is not None
        for quote in snapshot.options.values()
        if quote.underlying == underlying
    )


def _half_spread_ccy(
    terms: Option, price_mark_ccy: float, snapshot: Snapshot, depth: Depth, *, is_buy: bool
) -> _Half | None:
    """Give half of what is quoted, or what is assumed where nothing is; None not to trade so.

    What is assumed is no narrower than a tick from side to side, as no quote can be: the vega of
    options far from their strikes is next to nothing, and so would be half a spread of vol.
    """
    quote = snapshot.options.get(terms.instrument_id)
    bid = None if quote is None else quote.price_bid_ccy
    ask = None if quote is None else quote.price_ask_ccy
    if bid is not None and ask is not None:
        half = to_model(ask - bid) / 2
        if quote is None or quote.price_mark_ccy is None:
            return _Half(half)
        # The venue's mark need not lie in the middle: the further side is dearer by that.
        marked = quote.price_mark_ccy
        return _Half(max(half, to_model(ask - marked if is_buy else marked - bid)))
    if bid is None and ask is None:
        if _has_quotes(snapshot, terms.underlying):
            return None  # others of its chain are bid or asked, and this one nobody offers
        shift = depth.half_spread_vol_frac
        moved = mark_ccy(terms, snapshot.shocked(Shock(vol_shift_frac=shift)))
        if isinstance(moved, Failure):
            return None
        return _Half(max(moved - price_mark_ccy, to_model(terms.tick_ccy) / 2.0), is_assumed=True)
    # One side alone: its distance from our own mark is taken for the half spread.
    price = ask if is_buy else bid
    return None if price is None else _Half(abs(to_model(price) - price_mark_ccy))


def _in_dollars(levels: Sequence[_Level], price_paid_usd: float) -> list[Rung]:
    """Give rungs in dollars, never cheaper than the one before and never better than the mark.

    `price_paid_usd` is what one coin is worth that the instrument pays in.
    """
    told: list[Rung] = []
    least = 0.0
    for each in levels:
        cost_ccy = max(each.beyond_ccy_per_contract, 0.0) + each.fee_ccy_per_contract
        least = max(least, cost_ccy * price_paid_usd)
        told.append(
            Rung(
                width_contracts=each.width_contracts,
                cost_usd_per_contract=least,
                fee_usd_per_contract=each.fee_ccy_per_contract * price_paid_usd,
            )
        )
    return told


def _carry_usd_per_day(
    terms: EntryContract | Option, price_mark_ccy: float, snapshot: Snapshot, price_paid_usd: float
) -> float | None:
    if not isinstance(terms, LinearPerpetual | InversePerpetual | QuantoPerpetual):
        return 0.0
    rate = snapshot.funding_frac(terms.instrument_id)
    if isinstance(rate, Failure):
        return None
    per_day = DAY_NS / terms.funding_interval_ns
    return -to_model(rate) * _notional_ccy(terms, price_mark_ccy) * price_paid_usd * per_day
