"""GMX v2: one position is one account, counted against its own collateral, at the bad end.

Equity is what closing all of it now would leave: collateral, profit, the largest price impact that
the market lets count against the trader, and fees. The requirement is the larger of a minimum in
dollars and a part of the size (onchain-margin.md section 11, [R]). The contract's own impact needs
the open interest of both sides and its profit the pool, which a snapshot does not tell: the impact
counts in full here, and what the pool caps off a profit is not taken off ([U]).

Fees for borrowing and funding that are owed are the account's balance of dollars, negative or
nothing; an account that has no such balance does not know them and is refused.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.margin.bounds import outside
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.records import (
    Evidence,
    MarginLine,
    MarginReport,
    Rulebook,
    report_of,
    unsupported,
)
from hedgerow.margin.rules.gmx_v2.fixed_point import ONE_1E30, times_1e30
from hedgerow.margin.rules.gmx_v2.position import pnl_1e30
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINE", "GmxMarket", "GmxRulebook", "require"]


class GmxMarket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One market: parts of a position's size, and the coins that may back it."""

    collateral_min_frac: Decimal
    collateral_liquidation_frac: Decimal
    impact_frac_max: Decimal
    fee_close_frac: Decimal
    collaterals: list[str]


class GmxRulebook(Rulebook, frozen=True, kw_only=True, tag="gmx"):
    """Markets by underlying. `currency` names the dollars that fees are owed in."""

    currency: str
    collateral_usd_min: Decimal
    markets: dict[str, GmxMarket]


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: GmxRulebook,
) -> Outcome[MarginReport]:
    """Give the requirement of one position in dollars; see `hedgerow.margin.require`."""
    position = _position(account, instruments, snapshot, rulebook)
    if isinstance(position, Failure):
        return position
    collateral = _collateral_line(account, snapshot, position.market, rulebook)
    if isinstance(collateral, Failure):
        return collateral
    market, remaining = position.market, rulebook.known("remaining")
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=[_least_line(position, rulebook)],
        equity_lines=[
            collateral,
            _profit_line(position, rulebook),
            _taken(
                "largest price impact", position, market.impact_frac_max, rulebook.known("impact")
            ),
            _taken("fee of closing", position, market.fee_close_frac, remaining),
            MarginLine(
                rule="borrowing and funding owed",
                subject=rulebook.currency,
                amount_ccy=account.balance_coin(rulebook.currency),
                evidence=remaining,
            ),
        ],
    )


class _Position(NamedTuple):
    """What the account is: coins of one market (long is positive), and the dollars they cost."""

    name: str
    market: GmxMarket
    tokens_coin: Decimal
    size_usd: Decimal
    mark_usd: Decimal


def _position(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: GmxRulebook,
) -> Outcome[_Position]:
    names = list(dict.fromkeys(each.instrument_id for each in account.positions))
    if len(names) != 1:
        held = ", ".join(names) or "none"
        return unsupported(account, f"an account is one position, this has {held}")
    (name,) = names
    terms = instruments[name]
    market = rulebook.markets.get(terms.underlying) if isinstance(terms, LinearPerpetual) else None
    if market is None or not isinstance(terms, LinearPerpetual):
        return unsupported(account, f"{rulebook.name} has no market for {name}")
    untold = _untold(account, name, rulebook)
    if untold is not None:
        return untold
    mark = snapshot.mark_usd(name, terms.underlying)
    if isinstance(mark, Failure):
        return mark
    tokens, size = Decimal(0), Decimal(0)
    for position in account.positions:
        if position.price_entry_ccy is None:
            return Failure(subject=name, reason="missing_data", message="no entry price")
        coins = position.quantity_contracts * terms.multiplier_coin_per_contract
        tokens += coins
        size += coins * position.price_entry_ccy
    if len({each.quantity_contracts > 0 for each in account.positions}) > 1:
        return unsupported(account, f"{name} is held long and short, which are two positions")
    return _Position(name, market, tokens, abs(size), mark)


def _untold(account: Account, name: str, rulebook: GmxRulebook) -> Failure | None:
    """Refuse an account that does not say what it owes for borrowing and funding."""
    if all(each.asset != rulebook.currency for each in account.balances):
        return Failure(
            subject=name,
            reason="missing_data",
            message=f"what {name} owes for borrowing and funding is not told; it is the account's "
            f"balance of {rulebook.currency}, negative or nothing",
        )
    owed = account.balance_coin(rulebook.currency)
    if owed > 0:
        return unsupported(
            account,
            f"a balance of {owed} {rulebook.currency} is no collateral; it is what {name} owes for "
            "borrowing and funding, negative or nothing",
        )
    return None


def _least_line(position: _Position, rulebook: GmxRulebook) -> MarginLine:
    """Ask for a part of the size, and for so many dollars at least."""
    market, least = position.market, rulebook.collateral_usd_min
    maintenance, initial = (
        max(least, _up(times_1e30(_scaled(position.size_usd), _scaled(part))))
        for part in (market.collateral_liquidation_frac, market.collateral_min_frac)
    )
    return MarginLine(
        rule="least collateral",
        subject=position.name,
        amount_ccy=maintenance,
        detail=f"max({least}, {position.size_usd} x {market.collateral_liquidation_frac});"
        f" initial max({least}, {position.size_usd} x {market.collateral_min_frac})",
        amount_initial_ccy=initial,
        evidence=rulebook.known("least_collateral"),
    )


def _profit_line(position: _Position, rulebook: GmxRulebook) -> MarginLine:
    tokens, mark = position.tokens_coin, position.mark_usd
    profit_1e30 = pnl_1e30(
        _scaled(position.size_usd), worth_1e30=_scaled(abs(tokens) * mark), is_long=tokens > 0
    )
    return MarginLine(
        rule="unrealised profit",
        subject=position.name,
        amount_ccy=_down(profit_1e30),
        detail=f"{tokens} x {mark} {'-' if tokens > 0 else '+'} {position.size_usd}",
        evidence=rulebook.known("profit_cap" if profit_1e30 > 0 else "remaining"),
    )


def _collateral_line(
    account: Account, snapshot: Snapshot, market: GmxMarket, rulebook: GmxRulebook
) -> Outcome[MarginLine]:
    """Value the one coin that backs the position, floored."""
    assets = dict.fromkeys(
        each.asset for each in account.balances if each.asset != rulebook.currency
    )
    if len(assets) > 1:
        return unsupported(account, f"a position has one collateral, held are {', '.join(assets)}")
    if not assets:
        return unsupported(account, "a position has a collateral, none is held")
    (asset,) = assets
    amount = account.balance_coin(asset)
    if asset not in market.collaterals or amount < 0:
        return unsupported(
            account,
            f"{asset} is owed, and collateral is held"
            if amount < 0
            else f"{asset} is no collateral of this market; there are "
            f"{', '.join(market.collaterals)}",
        )
    price = snapshot.spot_usd(asset)
    if isinstance(price, Failure):
        return price
    return MarginLine(
        rule="collateral",
        subject=asset,
        amount_ccy=_down(_scaled(amount * price)),
        detail=f"{amount} x {price}",
        evidence=rulebook.known("remaining"),
    )


def _taken(rule: str, position: _Position, part_frac: Decimal, evidence: Evidence) -> MarginLine:
    """Take a part of the size off what remains, rounded up."""
    return MarginLine(
        rule=rule,
        subject=position.name,
        amount_ccy=-_up(times_1e30(_scaled(position.size_usd), _scaled(part_frac))),
        detail=f"-{position.size_usd} x {part_frac}",
        evidence=evidence,
    )


def _scaled(amount: Decimal) -> int:
    """Give the contract's integer, in units of 1e-30: what it holds has no digit beyond.

    A figure of other origin that has is cut off, by less than 1e-30 dollars or parts.
    """
    return int(Fraction(amount) * ONE_1E30)


def _down(amount_1e30: int) -> Decimal:
    """Give dollars to twelve decimals, which a sum still holds; floored."""
    return Decimal(amount_1e30 // 10**18).scaleb(-12)


def _up(amount_1e30: int) -> Decimal:
    return -_down(-amount_1e30)


def _terms(rulebook: GmxRulebook) -> VenueTerms:
    coins = dict.fromkeys(coin for each in rulebook.markets.values() for coin in each.collaterals)
    return VenueTerms(
        instruments=(LinearPerpetual,),
        counted={rulebook.currency: (rulebook.currency, *coins)},
        owed=(rulebook.currency,),
    )


def _mistakes(rulebook: GmxRulebook) -> Iterator[str]:
    """Name a market that opens with less than it liquidates at, or has nothing to back it."""
    if rulebook.collateral_usd_min == 0:
        yield "collateral_usd_min must be positive, was 0"
    for coin, market in rulebook.markets.items():
        under = f"markets.{coin}"
        yield from outside(
            market, "(0, 1]", "collateral_min_frac", "collateral_liquidation_frac", under=under
        )
        yield from outside(market, "[0, 1]", "impact_frac_max", under=under)
        yield from outside(market, "[0, 1)", "fee_close_frac", under=under)
        if market.collateral_min_frac < market.collateral_liquidation_frac:
            yield f"markets.{coin}.collateral_min_frac is below collateral_liquidation_frac"
        if not market.collaterals:
            yield f"markets.{coin}.collaterals must not be empty"


ENGINE = Engine(
    kind=GmxRulebook,
    rules=("remaining", "impact", "profit_cap", "least_collateral"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
)
