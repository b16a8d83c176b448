"""dYdX v4: a subaccount in integers, each position's requirement rounded up in quote quantums.

Equity is the net collateral: the quote balance and every position's notional at the oracle price,
which is what the mark of a quote has to be here (onchain-margin.md section 10, [V] dydx_v4). The
initial fraction rises with the market's open interest; maintenance is of the tier's own fraction.
An account's balance leaves out what its positions cost, as on every exchange here; the chain's own
quote balance holds it: ``quote = balance - Σ size · entry``.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from math import ceil

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.margin.bounds import outside
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.records import (
    MarginLine,
    MarginReport,
    Rulebook,
    beyond_digits,
    report_of,
    unsupported,
    weaker,
)
from hedgerow.margin.rules.dydx_v4.requirement import (
    initial_ppm,
    notional_raw,
    requirement_initial_raw,
    requirement_maintenance_raw,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import quantise

__all__ = ["ENGINE", "DydxMarket", "DydxRulebook", "require"]

_QUANTUM = Decimal("1e-6")


class DydxMarket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One perpetual: its tier's figures, its size of a quantum, and its open interest.

    An upper cap of zero switches scaling off. With one, the open interest has to be told, since
    the initial requirement would otherwise look too small.
    """

    initial_ppm: int
    maintenance_fraction_ppm: int
    atomic_resolution_power: int
    lower_cap_usd: Decimal
    upper_cap_usd: Decimal
    open_interest_coin: Decimal | None = None


class DydxRulebook(Rulebook, frozen=True, kw_only=True, tag="dydx"):
    """Cross-margined perpetuals by underlying; the open interest is as old as the rulebook."""

    currency: str
    markets: dict[str, DydxMarket]


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: DydxRulebook,
) -> Outcome[MarginReport]:
    """Give the requirement of a subaccount; see `hedgerow.margin.require`."""
    balance = account.balance_coin(rulebook.currency)
    lines: list[MarginLine] = []
    equity_lines = [
        MarginLine(
            rule="balance",
            subject=rulebook.currency,
            amount_ccy=quantise(balance, _QUANTUM, "down"),
            evidence=rulebook.known("equity"),
        )
    ]
    for asset in dict.fromkeys(each.asset for each in account.balances):
        if asset != rulebook.currency:
            return unsupported(account, f"{rulebook.name} takes no {asset} as collateral")
    for instrument_id in dict.fromkeys(each.instrument_id for each in account.positions):
        terms = instruments[instrument_id]
        if not isinstance(terms, LinearPerpetual) or terms.settlement != rulebook.currency:
            return unsupported(account, f"{instrument_id} is not a {rulebook.currency} perpetual")
        added = _position(account, terms, snapshot, rulebook)
        if isinstance(added, Failure):
            return added
        lines.append(added[0])
        equity_lines.append(added[1])
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=rulebook.currency,
        lines=lines,
        equity_lines=equity_lines,
        used=[rulebook.known("open_interest")] if lines else [],
    )


def _position(
    account: Account, terms: LinearPerpetual, snapshot: Snapshot, rulebook: DydxRulebook
) -> Outcome[tuple[MarginLine, MarginLine]]:
    """Give what one position, net, requires and has gained."""
    name = terms.instrument_id
    market = rulebook.markets.get(terms.underlying)
    if market is None:
        return unsupported(account, f"{rulebook.name} has no market for {name}")
    mark = snapshot.mark_usd(name, terms.underlying)
    if isinstance(mark, Failure):
        return mark
    size_coin, cost_usd = Decimal(0), Decimal(0)
    for position in account.positions:
        if position.instrument_id != name:
            continue
        if position.price_entry_ccy is None:
            return Failure(subject=name, reason="missing_data", message="no entry price")
        coins = position.quantity_contracts * terms.multiplier_coin_per_contract
        size_coin += coins
        cost_usd += coins * position.price_entry_ccy
    power = market.atomic_resolution_power
    quantums = Fraction(size_coin) / Fraction(10) ** power
    if quantums.denominator != 1:
        return unsupported(account, f"{name}: {size_coin} is no whole number of 1e{power} coins")
    price = Fraction(mark)
    notional = notional_raw(int(quantums), price_usd=price, atomic_resolution_power=power)
    scaled_ppm = _initial_ppm(account, terms, market, price)
    if isinstance(scaled_ppm, Failure):
        return scaled_ppm
    maintenance = requirement_maintenance_raw(
        notional, base_ppm=market.initial_ppm, fraction_ppm=market.maintenance_fraction_ppm
    )
    initial = requirement_initial_raw(notional, initial_ppm=scaled_ppm)
    beyond = beyond_digits(account, abs(notional), maintenance, initial)
    if beyond is not None:
        return beyond
    size = abs(_usd(notional))
    initial_how = f"initial up({size} x {scaled_ppm} ppm, 1e-6)"
    if market.upper_cap_usd:
        initial_how += f"; open interest {market.open_interest_coin} coins at {mark}"
    cost = quantise(cost_usd, _QUANTUM, "up")
    line = MarginLine(
        rule="maintenance",
        subject=name,
        amount_ccy=_usd(maintenance),
        detail=f"up(up({size} x {market.initial_ppm} ppm, 1e-6) x "
        f"{market.maintenance_fraction_ppm} ppm, 1e-6); {initial_how}; "
        f"{size} = |{size_coin} x {mark}|",
        amount_initial_ccy=_usd(initial),
        evidence=rulebook.known("requirements"),
        evidence_initial=weaker(rulebook.known("requirements"), rulebook.known("open_interest"))
        if market.upper_cap_usd
        else None,
    )
    profit = MarginLine(
        rule="unrealised profit",
        subject=name,
        amount_ccy=_usd(notional) - cost,
        detail=f"{_usd(notional)} - {cost}; {_usd(notional)} = {size_coin} x {mark}",
        evidence=rulebook.known("equity"),
    )
    return line, profit


def _initial_ppm(
    account: Account, terms: LinearPerpetual, market: DydxMarket, price_usd: Fraction
) -> Outcome[int]:
    """Scale the tier's fraction by the market's open interest at the price of now."""
    if market.upper_cap_usd == 0:
        return market.initial_ppm
    interest = market.open_interest_coin
    if interest is None:
        return Failure(
            subject=terms.instrument_id,
            reason="missing_data",
            message=f"{account.account_id}: the initial requirement of {terms.underlying} rises "
            "with its open interest, which the rulebook does not tell",
        )
    power = market.atomic_resolution_power
    return initial_ppm(
        market.initial_ppm,
        open_interest_raw=notional_raw(
            # The chain counts whole quanta; a figure between two of them is taken for the larger.
            ceil(Fraction(interest) / Fraction(10) ** power),
            price_usd=price_usd,
            atomic_resolution_power=power,
        ),
        lower_cap_raw=int(market.lower_cap_usd / _QUANTUM),
        upper_cap_raw=int(market.upper_cap_usd / _QUANTUM),
    )


def _usd(quote_raw: int) -> Decimal:
    return Decimal(quote_raw) * _QUANTUM


def _terms(rulebook: DydxRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LinearPerpetual,),
        counted={rulebook.currency: (rulebook.currency,)},
        owed=(rulebook.currency,),
    )


def _mistakes(rulebook: DydxRulebook) -> Iterator[str]:
    """Name fractions above one, and caps that do not rise."""
    for coin, market in rulebook.markets.items():
        for name in ("initial_ppm", "maintenance_fraction_ppm"):
            ppm = getattr(market, name)
            if ppm > 1_000_000:
                yield f"markets.{coin}.{name} must be at most 1000000, was {ppm}"
        yield from outside(market, "[-77, 77]", "atomic_resolution_power", under=f"markets.{coin}")
        if market.upper_cap_usd != 0 and market.lower_cap_usd > market.upper_cap_usd:
            yield f"markets.{coin}.lower_cap_usd is above upper_cap_usd"


ENGINE = Engine(
    kind=DydxRulebook,
    rules=("equity", "requirements", "open_interest"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
    signed=("atomic_resolution_power",),
)
