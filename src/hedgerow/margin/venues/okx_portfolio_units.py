"""What an account at OKX holds of each risk unit: an underlying's contracts, however settled."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import (
    EntryContract,
    InverseFuture,
    LinearFuture,
    LinearPerpetual,
    expiry_of,
    is_inverse,
    settlement_of,
    slope_ccy_per_usd,
)
from hedgerow.margin.contracts import Held, rounded_up_ccy
from hedgerow.margin.records import unsupported
from hedgerow.margin.venues.okx_equity import Currency
from hedgerow.margin.venues.okx_portfolio_rulebook import OkxPortfolioRulebook, RiskUnit
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["DOLLARS", "Leg", "Unit", "units_held"]

DOLLARS: Final = ("USDT", "USDC", "USD")


class Leg(NamedTuple):
    """One side of a contract: its coins of delta and its notional in dollars, each as it is said.

    `dollars` is what it is settled in; contracts settled in coins are of ``USD``.
    """

    terms: EntryContract
    coins: Fraction
    lost: str  # the coins with the sign of a loss
    notional_usd: Decimal
    notional: str
    dollars: str

    @property
    def is_dated(self) -> bool:
        """Whether it expires."""
        return isinstance(self.terms, LinearFuture | InverseFuture)

    @property
    def is_seen(self) -> bool:
        """Whether the venue's answer that the rules were tried on has a contract of this kind."""
        return isinstance(self.terms, LinearPerpetual)

    @property
    def sign(self) -> Decimal:
        """One when long, minus one when short."""
        return Decimal(1 if self.coins > 0 else -1)


class Unit(NamedTuple):
    """One risk unit as it is asked about: its figures, its legs and the coin beside them."""

    coin: str
    table: RiskUnit
    legs: list[Leg]
    spot_usd: Decimal
    equity_coin: Decimal


def units_held(
    account: Account,
    held: list[Held],
    currencies: Mapping[str, Currency],
    snapshot: Snapshot,
    rulebook: OkxPortfolioRulebook,
) -> Outcome[list[Unit]]:
    """Sort contracts by underlying; refuse a unit without figures or a future past its expiry."""
    legs: dict[str, list[Leg]] = {}
    for each in held:
        expiry_ns = expiry_of(each.terms)
        if expiry_ns is not None and expiry_ns <= snapshot.time_ns:
            return unsupported(account, f"{each.terms.instrument_id} is past its expiry")
        price_usd = currencies[settlement_of(each.terms)].price_usd
        legs.setdefault(each.terms.underlying, []).append(_leg(each, price_usd))
    units = []
    for coin, of_coin in legs.items():
        table = rulebook.units.get(coin)
        if table is None:
            named = ", ".join(dict.fromkeys(leg.terms.instrument_id for leg in of_coin))
            return unsupported(account, f"{rulebook.name} has no unit of {coin} for {named}")
        spot_usd = snapshot.spot_usd(coin)
        if isinstance(spot_usd, Failure):
            return spot_usd
        equity_coin = currencies[coin].equity_coin if coin in currencies else Decimal(0)
        units.append(Unit(coin, table, of_coin, spot_usd, equity_coin))
    return units


def _leg(held: Held, price_usd: Decimal) -> Leg:
    terms, quantity, mark_usd = held.terms, held.quantity_contracts, held.mark_usd
    if is_inverse(terms):
        size_usd = quantity * terms.multiplier_usd_per_contract
        return Leg(
            terms=terms,
            coins=Fraction(size_usd) / Fraction(mark_usd),
            lost=f"{-size_usd:f} / {mark_usd:f}",
            notional_usd=abs(size_usd),
            notional=f"{abs(size_usd):f}",
            dollars="USD",
        )
    size_coin = quantity * slope_ccy_per_usd(terms)
    worth_usd = abs(Fraction(size_coin)) * Fraction(mark_usd) * Fraction(price_usd)
    return Leg(
        terms=terms,
        coins=Fraction(size_coin),
        lost=f"{-size_coin:f}",
        notional_usd=rounded_up_ccy(worth_usd),
        notional=f"{abs(size_coin):f} x {mark_usd:f} x {price_usd:f}",
        dollars=settlement_of(terms),
    )
