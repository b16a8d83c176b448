"""OKX multi-currency margin: every currency's equity at a discount that grows with its amount.

Adjusted equity is ``Σ eq · discount · price`` over currencies, eq being the balance plus the
unrealised profit of what is settled in it; what losses owe counts in full. A balance that is owed
is refused: no source here tells what the venue requires for lending it. Against adjusted equity
stand every position's maintenance and closing fee, in dollars. The venue warns at three times and
liquidates at one (venue-margin.md section 4, [D] and [S]).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, settlement_of
from hedgerow.margin.bounds import outside
from hedgerow.margin.brackets import Brackets, mistakes_of_brackets, position_lines
from hedgerow.margin.contracts import borrowed, held_contracts, profit_lines
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.records import MarginLine, MarginReport, Rulebook, report_of, unsupported
from hedgerow.margin.venues.okx import CONTRACTS
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINE", "Discount", "DiscountTier", "MultiCurrencyRulebook", "require"]


class DiscountTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `floor_coin` of a currency on, so much of what lies above counts."""

    floor_coin: Decimal
    rate_frac: Decimal


class Discount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A currency's tiers; beyond `amount_coin_max` their source says nothing."""

    tiers: list[DiscountTier]
    amount_coin_max: Decimal | None = None


class MultiCurrencyRulebook(Rulebook, frozen=True, kw_only=True, tag="multi_currency"):
    """Discounts by currency, tiers by ``underlying/settlement``; counted in US dollars."""

    discounts: dict[str, Discount]
    brackets: dict[str, Brackets]
    fee_closing_frac: Decimal


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: MultiCurrencyRulebook,
) -> Outcome[MarginReport]:
    """Give the requirement in dollars; see `hedgerow.margin.require`."""

    def covers(terms: Instrument) -> str | None:
        if not isinstance(terms, CONTRACTS):
            return f"{terms.instrument_id} is neither future nor perpetual"
        return None

    held = held_contracts(account, instruments, snapshot, covers)
    if isinstance(held, Failure):
        return held
    settled = {each.terms.instrument_id: settlement_of(each.terms) for each in held}
    earned: dict[str, list[MarginLine]] = {}
    for line in profit_lines(account, held, rulebook.known("discounted_equity")):
        earned.setdefault(settled[line.subject], []).append(line)
    assets = dict.fromkeys([*(each.asset for each in account.balances), *settled.values()])
    prices_usd: dict[str, Decimal] = {}
    equity_lines = []
    for asset in assets:
        owing = borrowed(account, rulebook, asset)
        if owing is not None:
            return owing
        price_usd = snapshot.spot_usd(asset)
        if isinstance(price_usd, Failure):
            return price_usd
        prices_usd[asset] = price_usd
        counted = _discounted(account, asset, earned.get(asset, []), price_usd, rulebook)
        if isinstance(counted, Failure):
            return counted
        equity_lines.append(counted)
    lines: list[MarginLine] = []
    for each in held:
        needed = position_lines(
            each,
            rulebook.brackets,
            evidence=rulebook.known("tiered_maintenance"),
            evidence_initial=rulebook.known("initial"),
            price_usd=prices_usd[settlement_of(each.terms)],
            fee_frac=rulebook.fee_closing_frac,
            fee_evidence=rulebook.known("closing_fee"),
        )
        if isinstance(needed, Failure):
            return needed
        lines.extend(needed)
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=lines,
        equity_lines=equity_lines,
    )


def _discounted(
    account: Account,
    asset: str,
    earned: list[MarginLine],
    price_usd: Decimal,
    rulebook: MultiCurrencyRulebook,
) -> Outcome[MarginLine]:
    """Give what one currency's equity counts for."""
    balance_coin = account.balance_coin(asset)
    equity_coin = balance_coin + sum((line.amount_ccy for line in earned), Decimal(0))
    told = " + ".join([str(balance_coin), *(line.detail for line in earned)])
    said = f"; {equity_coin:f} = {told}" if earned else ""
    if equity_coin <= 0:
        counted_coin, how = equity_coin, f"{equity_coin:f}"
        said += "; what is owed counts in full"
    else:
        discount = rulebook.discounts.get(asset)
        if discount is None:
            return unsupported(account, f"{rulebook.name} has no discount for {asset}")
        most_coin = discount.amount_coin_max
        if most_coin is not None and equity_coin > most_coin:
            return unsupported(
                account,
                f"{rulebook.name} knows the discount of {asset} up to {most_coin}, and "
                f"{equity_coin} is held",
            )
        parts = list(_slices(discount, equity_coin))
        counted_coin = sum(((end - floor) * rate for floor, end, rate in parts), Decimal(0))
        how = " + ".join(f"({end:f} - {floor:f}) x {rate}" for floor, end, rate in parts)
    return MarginLine(
        rule="discounted equity",
        subject=asset,
        amount_ccy=counted_coin * price_usd,
        detail=f"({how}) x {price_usd}{said}",
        evidence=rulebook.known("discounted_equity"),
    )


def _slices(discount: Discount, amount_coin: Decimal) -> Iterator[tuple[Decimal, Decimal, Decimal]]:
    """Cut an amount at the floors; give each slice's floor, end and rate."""
    floors = [tier.floor_coin for tier in discount.tiers]
    ends = [*floors[1:], max(amount_coin, floors[-1])]
    for tier, end in zip(discount.tiers, ends, strict=True):
        if amount_coin > tier.floor_coin:
            yield tier.floor_coin, min(amount_coin, end), tier.rate_frac


def _terms(rulebook: MultiCurrencyRulebook) -> VenueTerms:
    return VenueTerms(instruments=CONTRACTS, counted={"USD": tuple(rulebook.discounts)})


def _mistakes(rulebook: MultiCurrencyRulebook) -> Iterator[str]:
    yield from mistakes_of_brackets(rulebook.brackets, rulebook.fee_closing_frac)
    yield from outside(rulebook, "[0, 1)", "fee_closing_frac")
    for name, discount in rulebook.discounts.items():
        floors = [tier.floor_coin for tier in discount.tiers]
        if not floors or floors[0] != 0 or any(above <= below for below, above in pairwise(floors)):
            yield f"discounts.{name} must start at 0 and rise, floors were {list(map(str, floors))}"
        if any(tier.rate_frac > 1 for tier in discount.tiers):
            yield f"discounts.{name} rates must be at most 1"
        most = discount.amount_coin_max
        if most is not None and floors and most <= floors[-1]:
            yield f"discounts.{name} amount_coin_max must be above its last floor, was {most}"


ENGINE = Engine(
    kind=MultiCurrencyRulebook,
    rules=("discounted_equity", "tiered_maintenance", "closing_fee", "initial"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
)
