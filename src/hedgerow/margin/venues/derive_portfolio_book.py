"""What one account holds at its manager of Derive's portfolio margin, priced.

Every feed is taken to be sure (`derive_holdings`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.margin.holdings import Holdings, OptionHeld, PerpetualHeld
from hedgerow.margin.records import unsupported
from hedgerow.margin.rules.derive.book import Expiry
from hedgerow.margin.rules.derive.portfolio_v2 import Collateral, Portfolio2
from hedgerow.margin.venues.derive_holdings import expiry_of_options, worth_usd
from hedgerow.margin.venues.derive_portfolio_rulebook import (
    CollateralTerms,
    DerivePortfolioRulebook,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import date_utc, quantise, to_model

__all__ = ["HeldCollateral", "HeldExpiry", "ManagerBook", "book_of", "portfolio_of"]

_STEP = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class HeldCollateral:
    """One asset beside the cash, what it is worth in the account's currency, and why."""

    asset: str
    terms: CollateralTerms
    quantity_coin: Decimal
    price_usd: Decimal
    worth_ccy: Decimal
    detail: str


@dataclass(frozen=True, slots=True)
class HeldExpiry:
    """The options of one expiry, as the account holds them and as the rule takes them."""

    subject: str
    legs: Sequence[OptionHeld]
    taken: Expiry


@dataclass(frozen=True, slots=True)
class ManagerBook:
    """One account at its manager, without the cash."""

    coin: str
    spot_usd: Decimal
    stable_usd: Decimal
    perpetual: PerpetualHeld | None
    collaterals: Sequence[HeldCollateral]
    expiries: Sequence[HeldExpiry]


def book_of(
    account: Account, held: Holdings, snapshot: Snapshot, rulebook: DerivePortfolioRulebook
) -> Outcome[ManagerBook]:
    """Find the account's one manager and value what it holds.

    A Failure where no manager takes all of it, and where something has no price.
    """
    coins = list(held.spots_usd) or list(rulebook.collaterals)
    if len(coins) != 1:
        told = "holds" if held.spots_usd else "nothing but collateral: its manager could be of"
        return unsupported(
            account, f"an account has one underlying, this {told} {', '.join(coins)}"
        )
    (coin,) = coins
    listed = rulebook.collaterals.get(coin)
    if listed is None:
        named = ", ".join(dict.fromkeys(each.instrument_id for each in account.positions))
        return unsupported(account, f"{rulebook.name} has no manager of {coin} for {named}")
    spot, stable = snapshot.spot_usd(coin), snapshot.spot_usd(rulebook.currency)
    if isinstance(spot, Failure):
        return spot
    if isinstance(stable, Failure):
        return stable
    perpetuals = held.perpetuals.get(coin, [])
    if len(perpetuals) > 1:
        named = ", ".join(each.instrument_id for each in perpetuals)
        return unsupported(account, f"a manager knows one perpetual, held are {named}")
    collaterals: list[HeldCollateral] = []
    for asset in dict.fromkeys(each.asset for each in account.balances):
        if asset == rulebook.currency:
            continue
        valued = _collateral(account, asset, listed, coin, stable, snapshot, rulebook)
        if isinstance(valued, Failure):
            return valued
        collaterals.append(valued)
    return ManagerBook(
        coin=coin,
        spot_usd=spot,
        stable_usd=stable,
        perpetual=perpetuals[0] if perpetuals else None,
        collaterals=collaterals,
        expiries=[
            HeldExpiry(
                f"{coin} {date_utc(expiry_ns)}",
                legs,
                expiry_of_options(legs, _rate(expiry_ns, rulebook)),
            )
            for expiry_ns, legs in held.options.get(coin, {}).items()
        ],
    )


def _rate(expiry_ns: int, rulebook: DerivePortfolioRulebook) -> Decimal:
    own = rulebook.rate_by_day_frac_per_year.get(date_utc(expiry_ns))
    return rulebook.rate_frac_per_year if own is None else own


def _collateral(
    account: Account,
    asset: str,
    listed: Mapping[str, CollateralTerms],
    coin: str,
    stable_usd: Decimal,
    snapshot: Snapshot,
    rulebook: DerivePortfolioRulebook,
) -> Outcome[HeldCollateral]:
    terms, quantity = listed.get(asset), account.balance_coin(asset)
    if terms is None:
        return unsupported(account, f"{rulebook.name} takes no {asset} at its manager of {coin}")
    if quantity < 0:
        return unsupported(account, f"{asset} is owed; only {rulebook.currency} can be borrowed")
    price = worth_usd(asset, snapshot)
    if isinstance(price, Failure):
        return price
    return HeldCollateral(
        asset=asset,
        terms=terms,
        quantity_coin=quantity,
        price_usd=price,
        worth_ccy=quantise(quantity * price / stable_usd, _STEP, "down"),
        detail=f"{quantity} x {price} / {stable_usd}",
    )


def portfolio_of(book: ManagerBook, cash_usd: float) -> Portfolio2:
    """Give the account as the rule takes it, every feed being sure and funding settled."""
    perpetual = book.perpetual
    return Portfolio2(
        spot_usd=to_model(book.spot_usd),
        confidence_spot_frac=1.0,
        stable_usd=to_model(book.stable_usd),
        cash_usd=cash_usd,
        perp_coin=0.0 if perpetual is None else to_model(perpetual.size_coin),
        perp_usd=0.0 if perpetual is None else to_model(perpetual.mark_usd),
        confidence_perp_frac=1.0,
        perp_unrealised_usd=0.0 if perpetual is None else to_model(perpetual.profit_usd),
        perp_unsettled_usd=0.0,
        collaterals=tuple(
            Collateral(
                asset=each.asset,
                quantity_coin=to_model(each.quantity_coin),
                price_usd=to_model(each.price_usd),
                confidence_frac=1.0,
                haircut_maintenance_frac=to_model(each.terms.haircut_maintenance_frac),
                haircut_initial_frac=to_model(each.terms.haircut_initial_frac),
                is_risk_cancelling=each.terms.is_risk_cancelling,
            )
            for each in book.collaterals
        ),
        expiries=tuple(each.taken for each in book.expiries),
    )
