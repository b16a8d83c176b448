"""What OKX counts of each currency: its equity, at a discount that grows with the amount.

The modes of several currencies share this. Equity is the balance plus the unrealised profit of what
is settled in the currency; what is owed counts in full.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_UP, Context, Decimal
from itertools import pairwise
from typing import NamedTuple

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import settlement_of
from hedgerow.margin.contracts import Held, profit_lines
from hedgerow.margin.records import Evidence, MarginLine, unsupported
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["Currency", "Discount", "DiscountTier", "currencies_held", "mistakes_of_discounts"]


_SHOWN_COIN = Decimal("1e-8")


class DiscountTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `floor_coin` of a currency on, so much of what lies above counts."""

    floor_coin: Decimal
    rate_frac: Decimal


class Discount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A currency's tiers; beyond `amount_coin_max` their source says nothing."""

    tiers: list[DiscountTier]
    amount_coin_max: Decimal | None = None


class Currency(NamedTuple):
    """One currency: its price, what the account has of it, and the line of what that counts for."""

    price_usd: Decimal
    equity_coin: Decimal
    line: MarginLine


def currencies_held(
    account: Account,
    held: Iterable[Held],
    snapshot: Snapshot,
    discounts: Mapping[str, Discount],
    *,
    name: str,
    evidence: Evidence,
) -> Outcome[dict[str, Currency]]:
    """Give every currency of the balances and of what the contracts are settled in.

    Parameters
    ----------
    name
        The rulebook's, for refusals.

    Returns
    -------
    dict or Failure
        A Failure names what has no price, no discount, or more than its discount's source tells.
    """
    sides = list(held)
    settled = {each.terms.instrument_id: settlement_of(each.terms) for each in sides}
    earned: dict[str, list[MarginLine]] = {}
    for line in profit_lines(account, sides, evidence):
        earned.setdefault(settled[line.subject], []).append(line)
    currencies = {}
    for asset in dict.fromkeys([*(each.asset for each in account.balances), *settled.values()]):
        price_usd = snapshot.spot_usd(asset)
        if isinstance(price_usd, Failure):
            return price_usd
        profits = earned.get(asset, [])
        balance_coin = account.balance_coin(asset)
        equity_coin = balance_coin + sum((line.amount_ccy for line in profits), Decimal(0))
        counted = _discounted(account, asset, equity_coin, discounts, name)
        if isinstance(counted, Failure):
            return counted
        counted_coin, how = counted
        told = " + ".join([str(balance_coin), *(line.detail for line in profits)])
        said = f"; {equity_coin:f} = {told}" if profits else ""
        if equity_coin <= 0:
            said += "; what is owed counts in full"
        currencies[asset] = Currency(
            price_usd=price_usd,
            equity_coin=equity_coin,
            line=MarginLine(
                rule="discounted equity",
                subject=asset,
                amount_ccy=counted_coin * price_usd,
                detail=f"({how}) x {price_usd}{said}",
                evidence=evidence,
            ),
        )
    return currencies


def mistakes_of_discounts(discounts: Mapping[str, Discount]) -> Iterator[str]:
    """Name tiers that do not begin at nothing or do not rise, and rates above one."""
    for name, discount in discounts.items():
        floors = [tier.floor_coin for tier in discount.tiers]
        if not floors or floors[0] != 0 or any(above <= below for below, above in pairwise(floors)):
            yield f"discounts.{name} must start at 0 and rise, floors were {list(map(str, floors))}"
        if any(tier.rate_frac > 1 for tier in discount.tiers):
            yield f"discounts.{name} rates must be at most 1"
        most = discount.amount_coin_max
        if most is not None and floors and most <= floors[-1]:
            yield f"discounts.{name} amount_coin_max must be above its last floor, was {most}"


def _discounted(
    account: Account,
    asset: str,
    equity_coin: Decimal,
    discounts: Mapping[str, Discount],
    name: str,
) -> Outcome[tuple[Decimal, str]]:
    """Give how many coins of an equity count, and how that is computed."""
    if equity_coin <= 0:
        return equity_coin, f"{equity_coin:f}"
    discount = discounts.get(asset)
    if discount is None:
        return unsupported(account, f"{name} has no discount for {asset}")
    most_coin = discount.amount_coin_max
    if most_coin is not None and equity_coin > most_coin:
        return unsupported(
            account,
            f"{name} knows the discount of {asset} up to {_told(most_coin)}, and "
            f"{_told(equity_coin)} is held",
        )
    parts = list(_slices(discount, equity_coin))
    counted_coin = sum(((end - floor) * rate for floor, end, rate in parts), Decimal(0))
    return counted_coin, " + ".join(f"({end:f} - {floor:f}) x {rate}" for floor, end, rate in parts)


def _told(amount_coin: Decimal) -> str:
    """Give an amount as a person reads it, rounded up: above what is known it stays above."""
    fine = Context(prec=60, rounding=ROUND_UP)
    told = format(amount_coin.quantize(_SHOWN_COIN, context=fine), "f")
    return told.rstrip("0").rstrip(".") if "." in told else told


def _slices(discount: Discount, amount_coin: Decimal) -> Iterator[tuple[Decimal, Decimal, Decimal]]:
    """Cut an amount at the floors; give each slice's floor, end and rate."""
    floors = [tier.floor_coin for tier in discount.tiers]
    ends = [*floors[1:], max(amount_coin, floors[-1])]
    for tier, end in zip(discount.tiers, ends, strict=True):
        if amount_coin > tier.floor_coin:
            yield tier.floor_coin, min(amount_coin, end), tier.rate_frac
