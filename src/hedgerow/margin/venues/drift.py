"""Drift v2 in cross margin: weighted collateral against requirements, in the program's integers.

Equity is what counts for maintenance: deposits by their weight, losses in full, gains by theirs.
The requirement is of perpetuals and borrows. To begin with deposits and gains weigh less; that
difference is a requirement of its own, so equity less the initial requirement is the free
collateral to begin with (onchain-margin.md section 9, [V] drift_v2 for the functions). Prices are
the oracles'; the five-minute averages that the program takes where they are worse are not known.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple, TypeAlias

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.margin.bounds import outside
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.records import MarginLine, MarginReport, Rulebook, report_of, unsupported
from hedgerow.margin.rules.drift_v2.weights import (
    asset_weight_1e4,
    asset_weight_scaled_1e4,
    liability_weight_1e4,
    perp_requirement_1e6,
    profit_weight_1e4,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import Rounding, quantise

__all__ = ["ENGINE", "DriftAsset", "DriftPerpetual", "DriftRulebook", "require"]

_ONE = Decimal(1)
_MICRO = Decimal("1e-6")
_BPS = 10_000

_Lines: TypeAlias = tuple[list[MarginLine], list[MarginLine]]
"""What is required, and what counts as equity."""


class DriftAsset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One asset that may be deposited and owed: its weights, and how strongly size counts.

    From `scale_start_usd` of all deposits on the initial weight falls (0: never); `deposits_usd`,
    what all have deposited, then has to be told.
    """

    asset_decimals: int
    asset_initial_bps: int
    asset_maintenance_bps: int
    liability_initial_bps: int
    liability_maintenance_bps: int
    imf_ppm: int
    scale_start_usd: Decimal
    deposits_usd: Decimal | None = None


class DriftPerpetual(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One perpetual: its ratios, its weights of a gain, and how strongly size counts in each."""

    ratio_initial_bps: int
    ratio_maintenance_bps: int
    imf_ppm: int
    profit_initial_bps: int
    profit_maintenance_bps: int
    profit_imf_ppm: int


class DriftRulebook(Rulebook, frozen=True, kw_only=True, tag="drift"):
    """Assets and perpetuals of one user account; no more of a gain than a cap counts at first."""

    currency: str
    assets: dict[str, DriftAsset]
    perpetuals: dict[str, DriftPerpetual]
    profit_initial_usd_max: Decimal


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: DriftRulebook,
) -> Outcome[MarginReport]:
    """Give the cross requirement in dollars; see `hedgerow.margin.require`."""
    lines: list[MarginLine] = []
    equity_lines: list[MarginLine] = []
    for part in _parts(account, instruments, snapshot, rulebook):
        if isinstance(part, Failure):
            return part
        lines += part[0]
        equity_lines += part[1]
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=lines,
        equity_lines=equity_lines,
        used=[rulebook.known("average_price")] if lines or equity_lines else [],
    )


def _parts(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: DriftRulebook,
) -> Iterator[Outcome[_Lines]]:
    """Give the lines of every asset, then of every perpetual."""
    for asset in dict.fromkeys(each.asset for each in account.balances):
        yield _balance(account, asset, snapshot, rulebook)
    for instrument_id in dict.fromkeys(each.instrument_id for each in account.positions):
        terms = instruments[instrument_id]
        if isinstance(terms, LinearPerpetual) and terms.settlement == rulebook.currency:
            yield _perpetual(account, terms, snapshot, rulebook)
        else:
            yield unsupported(account, f"{instrument_id} is not a {rulebook.currency} perpetual")


# --- deposits and borrows ------------------------------------------------------------------------


class _Amount(NamedTuple):
    """What is held or owed of one asset: what owes rounds up, what is held down."""

    asset: str
    terms: DriftAsset
    value_1e6: int
    size_1e9: int  # what weighs, in tokens
    worth: str


def _balance(
    account: Account, asset: str, snapshot: Snapshot, rulebook: DriftRulebook
) -> Outcome[_Lines]:
    """A deposit counts by its weight, a borrow needs its value by its own."""
    terms, amount = rulebook.assets.get(asset), account.balance_coin(asset)
    if terms is None:
        return unsupported(account, f"{rulebook.name} has no market for {asset}")
    price = _price_1e6(asset, snapshot, up=amount < 0)
    if isinstance(price, Failure):
        return price
    way: Rounding = "up" if amount < 0 else "down"
    raw = int(quantise(abs(amount).scaleb(terms.asset_decimals), _ONE, way))
    value, left = divmod(raw * price, 10**terms.asset_decimals)
    held = _Amount(
        asset=asset,
        terms=terms,
        value_1e6=value + (amount < 0 and left > 0),
        size_1e9=int(quantise(abs(amount).scaleb(9), _ONE, "up")),
        worth=f"{way}({Decimal(raw).scaleb(-terms.asset_decimals):f} x {_usd(price)}, 1e-6)",
    )
    return _borrow(held, rulebook) if amount < 0 else _deposit(held, rulebook)


def _borrow(owed: _Amount, rulebook: DriftRulebook) -> _Lines:
    weights = [
        liability_weight_1e4(bps, imf_1e6=owed.terms.imf_ppm, size_1e9=owed.size_1e9)
        for bps in (owed.terms.liability_maintenance_bps, owed.terms.liability_initial_bps)
    ]
    needed = [-(-owed.value_1e6 * weight // _BPS) for weight in weights]
    line = MarginLine(
        rule="borrow",
        subject=owed.asset,
        amount_ccy=_usd(needed[0]),
        detail=f"up({owed.worth} x {weights[0]} bps, 1e-6); initial "
        f"up({owed.worth} x {weights[1]} bps, 1e-6)",
        amount_initial_ccy=_usd(needed[1]),
        evidence=rulebook.known("borrows"),
    )
    return [line], []


def _deposit(held: _Amount, rulebook: DriftRulebook) -> Outcome[_Lines]:
    initial_bps = _scaled_bps(held.asset, held.terms)
    if isinstance(initial_bps, Failure):
        return initial_bps
    weights = [
        asset_weight_1e4(bps, imf_1e6=held.terms.imf_ppm, size_1e9=held.size_1e9)
        for bps in (held.terms.asset_maintenance_bps, initial_bps)
    ]
    counted = [held.value_1e6 * weight // _BPS for weight in weights]
    deposit = MarginLine(
        rule="deposit",
        subject=held.asset,
        amount_ccy=_usd(counted[0]),
        detail=f"down({held.worth} x {weights[0]} bps, 1e-6)",
        evidence=rulebook.known("deposits"),
    )
    less = MarginLine(
        rule="a deposit weighs less to begin with",
        subject=held.asset,
        amount_ccy=Decimal(0),
        detail=f"initial {_usd(counted[0])} - down({held.worth} x {weights[1]} bps, 1e-6)",
        amount_initial_ccy=_usd(counted[0] - counted[1]),
        evidence=rulebook.known("deposits"),
    )
    return [less], [deposit]


def _scaled_bps(asset: str, terms: DriftAsset) -> Outcome[int]:
    if terms.scale_start_usd == 0:
        return terms.asset_initial_bps
    if terms.deposits_usd is None:
        return Failure(
            subject=asset,
            reason="missing_data",
            message=f"the initial weight of {asset} falls with all deposits of it, which the "
            "rulebook does not tell",
        )
    return asset_weight_scaled_1e4(
        terms.asset_initial_bps,
        scale_start_1e6=int(terms.scale_start_usd / _MICRO),
        deposits_value_1e6=int(quantise(terms.deposits_usd / _MICRO, _ONE, "up")),
    )


# --- perpetuals ----------------------------------------------------------------------------------


class _Held(NamedTuple):
    """One perpetual, all its positions together, with prices rounded against the holder."""

    name: str
    figures: DriftPerpetual
    size_coin: Decimal
    cost_usd: Decimal
    price_1e6: int
    quote_price_1e6: int


def _perpetual(
    account: Account, terms: LinearPerpetual, snapshot: Snapshot, rulebook: DriftRulebook
) -> Outcome[_Lines]:
    """A perpetual needs a ratio of its value that rises with its size; a loss counts in full."""
    held = _held(account, terms, snapshot, rulebook)
    if isinstance(held, Failure):
        return held
    lines, equity_lines = _profit(held, rulebook)
    return [_requirement(held, rulebook), *lines], equity_lines


def _held(
    account: Account, terms: LinearPerpetual, snapshot: Snapshot, rulebook: DriftRulebook
) -> Outcome[_Held]:
    name = terms.instrument_id
    figures = rulebook.perpetuals.get(terms.underlying)
    if figures is None:
        return unsupported(account, f"{rulebook.name} has no perpetual for {name}")
    size_coin, cost_usd = Decimal(0), Decimal(0)
    for position in account.positions:
        if position.instrument_id != name:
            continue
        if position.price_entry_ccy is None:
            return Failure(subject=name, reason="missing_data", message="no entry price")
        coins = position.quantity_contracts * terms.multiplier_coin_per_contract
        size_coin += coins
        cost_usd += coins * position.price_entry_ccy
    # A long gains by a higher price, so it rounds down: its requirement by less than 1e-6 a coin.
    price = _price_1e6(terms.underlying, snapshot, up=size_coin < 0)
    if isinstance(price, Failure):
        return price
    quote = _price_1e6(rulebook.currency, snapshot, up=True)
    if isinstance(quote, Failure):
        return quote
    return _Held(name, figures, size_coin, cost_usd, price, quote)


def _requirement(held: _Held, rulebook: DriftRulebook) -> MarginLine:
    figures = held.figures
    base_1e9 = int(quantise(abs(held.size_coin).scaleb(9), _ONE, "up"))
    ratios = (figures.ratio_maintenance_bps, figures.ratio_initial_bps)
    maintenance, initial = (
        perp_requirement_1e6(
            base_1e9,
            ratio_1e4=ratio,
            imf_1e6=figures.imf_ppm,
            price_1e6=held.price_1e6,
            quote_price_1e6=held.quote_price_1e6,
        )
        for ratio in ratios
    )
    adjusted = [
        liability_weight_1e4(ratio, imf_1e6=figures.imf_ppm, size_1e9=base_1e9) for ratio in ratios
    ]
    size, quote = f"{Decimal(base_1e9).scaleb(-9):f}", _usd(held.quote_price_1e6)
    worth = f"down(down({size} x {_usd(held.price_1e6)}, 1e-6) x {quote}, 1e-6)"
    return MarginLine(
        rule="perpetual",
        subject=held.name,
        amount_ccy=_usd(maintenance),
        detail=f"down({worth} x {adjusted[0]} bps, 1e-6); initial "
        f"down({worth} x {adjusted[1]} bps, 1e-6)",
        amount_initial_ccy=_usd(initial),
        evidence=rulebook.known("perpetuals"),
    )


def _profit(held: _Held, rulebook: DriftRulebook) -> _Lines:
    price, quote = _usd(held.price_1e6), _usd(held.quote_price_1e6)
    profit = quantise((held.size_coin * price - held.cost_usd) * quote, _MICRO, "down")
    said = f"down(({held.size_coin} x {price} - {held.cost_usd}) x {quote}, 1e-6)"
    if profit > 0:
        return _gain(held, profit, said, rulebook)
    loss = MarginLine(
        rule="unrealised loss",
        subject=held.name,
        amount_ccy=profit,
        detail=said,
        evidence=rulebook.known("profits"),
    )
    return [], [loss]


def _gain(held: _Held, gained: Decimal, said: str, rulebook: DriftRulebook) -> _Lines:
    """A gain counts by its weight; to begin with by a smaller one, and up to a cap."""
    figures, pnl_1e6 = held.figures, int(gained / _MICRO)
    weight = profit_weight_1e4(
        pnl_1e6, weight_1e4=figures.profit_initial_bps, imf_1e6=figures.profit_imf_ppm
    )
    counted = _usd(pnl_1e6 * figures.profit_maintenance_bps // _BPS)
    first = min(_usd(pnl_1e6 * weight // _BPS), rulebook.profit_initial_usd_max)
    gain = MarginLine(
        rule="unrealised profit",
        subject=held.name,
        amount_ccy=counted,
        detail=f"down({said} x {figures.profit_maintenance_bps} bps, 1e-6)",
        evidence=rulebook.known("profits"),
    )
    less = MarginLine(
        rule="a profit weighs less to begin with",
        subject=held.name,
        amount_ccy=Decimal(0),
        detail=f"initial {counted} - min(down({gained} x {weight} bps, 1e-6), "
        f"{rulebook.profit_initial_usd_max}); {gained} = {said}",
        amount_initial_ccy=counted - first,
        evidence=rulebook.known("profits_initial"),
    )
    return [less], [gain]


# --- numbers -------------------------------------------------------------------------------------


def _price_1e6(asset: str, snapshot: Snapshot, *, up: bool) -> Outcome[int]:
    """Give the oracle's price in the program's integers, rounded against the holder."""
    price = snapshot.oracle_usd(asset)
    if isinstance(price, Failure):
        return price
    price_1e6 = int(quantise(price / _MICRO, _ONE, "up" if up else "down"))
    if price_1e6 == 0:
        return Failure(
            subject=asset,
            reason="unsupported",
            message=f"the price of {asset}, {price}, is nothing in the program's integers, "
            "which count millionths of a dollar",
        )
    return price_1e6


def _usd(value_1e6: int) -> Decimal:
    return Decimal(value_1e6) * _MICRO


def _terms(rulebook: DriftRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LinearPerpetual,),
        counted={rulebook.currency: tuple(rulebook.assets)},
        owed=tuple(rulebook.assets),
    )


def _mistakes(rulebook: DriftRulebook) -> Iterator[str]:
    """Name weights and ratios that make the initial requirement the smaller one."""
    if rulebook.currency not in rulebook.assets:
        yield f"assets lacks {rulebook.currency}, in which profits are counted"
    for asset, terms in rulebook.assets.items():
        yield from outside(terms, "[0, 77]", "asset_decimals", under=f"assets.{asset}")
        if terms.asset_initial_bps > terms.asset_maintenance_bps:
            yield f"assets.{asset}.asset_initial_bps is above asset_maintenance_bps"
        if terms.asset_maintenance_bps > _BPS:
            yield f"assets.{asset}.asset_maintenance_bps must be at most 10000"
        if terms.liability_initial_bps < terms.liability_maintenance_bps:
            yield f"assets.{asset}.liability_initial_bps is below liability_maintenance_bps"
        if terms.liability_maintenance_bps < _BPS:
            yield f"assets.{asset}.liability_maintenance_bps must be at least 10000"
    for coin, figures in rulebook.perpetuals.items():
        yield from outside(
            figures,
            "(0, 10000]",
            "ratio_initial_bps",
            "ratio_maintenance_bps",
            under=f"perpetuals.{coin}",
        )
        yield from outside(
            figures,
            "[0, 10000]",
            "profit_initial_bps",
            "profit_maintenance_bps",
            under=f"perpetuals.{coin}",
        )
        if figures.ratio_initial_bps < figures.ratio_maintenance_bps:
            yield f"perpetuals.{coin}.ratio_initial_bps is below ratio_maintenance_bps"
        if figures.profit_initial_bps > figures.profit_maintenance_bps:
            yield f"perpetuals.{coin}.profit_initial_bps is above profit_maintenance_bps"


ENGINE = Engine(
    kind=DriftRulebook,
    rules=(
        "deposits",
        "borrows",
        "perpetuals",
        "profits",
        "profits_initial",
        "average_price",
    ),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
)
