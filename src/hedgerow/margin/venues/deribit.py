"""Deribit segregated portfolio margin: a scan over price and vol, per settlement coin.

Algorithm of venue-margin.md section 1.4: futures reproduce the venue to the digit ([V]
deribit-pme-btc-2024-06-17); options follow the documented scan and are an estimate until reconciled
with the venue's own simulation. Everything is counted in the coin, at the shocked price. The grid
is a list of cells, each a price move and a vol shock; the worst of them makes the requirement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from math import exp
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, InverseFuture, InversePerpetual, Option, expiry_of
from hedgerow.margin.engine import Engine
from hedgerow.margin.records import (
    Evidence,
    MarginLine,
    MarginReport,
    WorstScenario,
    report_of,
    unsupported,
)
from hedgerow.margin.venues.deribit_orders import with_orders
from hedgerow.margin.venues.deribit_rulebook import ScanRulebook, mistakes, venue_terms
from hedgerow.market import OptionMark, Snapshot
from hedgerow.portfolio import Account, Position
from hedgerow.pricing import Floats, OptionColumns, greeks, unit_ccy, value_usd
from hedgerow.units import date_utc, quantise, to_exact, to_model, years_between

__all__ = ["ENGINE", "Cell", "ScanRulebook", "VolShock", "cells", "require", "shocked_vol_frac"]

# The venue prints requirements to nine decimals of a coin; model profits are kept to twelve,
# rounded against the holder, so that the cell's rounding stays the venue's.
_SCAN_STEP = Decimal("1e-9")
_MODEL_STEP = Decimal("1e-12")
# Further apart than this, the model's float and the exact figures cannot disagree on the order.
_NEAR_CCY = 1e-8


VolShock: TypeAlias = Literal["up", "same", "down"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One scenario. `multiplier_frac` scales the profit; `is_extended` marks the far tail."""

    price_move_frac: Decimal
    vol_shock: VolShock
    multiplier_frac: Decimal
    is_extended: bool


def cells(rulebook: ScanRulebook, currency: str) -> tuple[Cell, ...]:
    """List the cells: every price bucket with vol up, same and down, then the tail with vol up."""
    return _cells(
        rulebook.price_range_frac[currency],
        rulebook.buckets_count,
        tuple(rulebook.extended_moves_frac),
        rulebook.extended_table_factor_frac,
    )


@cache
def _cells(
    reach: Decimal, steps: int, tail: tuple[Decimal, ...], tail_factor: Decimal
) -> tuple[Cell, ...]:
    shocks: tuple[VolShock, ...] = ("up", "same", "down")
    near = tuple(
        Cell(reach * i / steps, shock, Decimal(1), is_extended=False)
        for i in range(-steps, steps + 1)
        for shock in shocks
    )
    far = tuple(
        Cell(move, "up", tail_factor * reach / abs(move), is_extended=True) for move in tail
    )
    return near + far


def shocked_vol_frac(
    rulebook: ScanRulebook,
    currency: str,
    vol_frac: Floats,
    expiry_years: Floats,
    shock: VolShock,
) -> Floats:
    """Shock volatilities by tenor: ``vol · (1 ± range · (30 / days)^power)``.

    The power is the short-term one below 30 days. The upward shock never leaves a vol below the
    rulebook's minimum. Days are floored at one: the venue does not publish what it does below, and
    without a floor the shock would grow without bound on the last day ([U]).
    """
    if shock == "same":
        return vol_frac
    days = np.maximum(expiry_years * 365.0, 1.0)
    power = np.where(
        days < 30.0,
        to_model(rulebook.short_term_vega_power),
        to_model(rulebook.long_term_vega_power),
    )
    tenor = (30.0 / days) ** power
    if shock == "up":
        up = vol_frac * (1.0 + to_model(rulebook.volatility_up_frac[currency]) * tenor)
        return np.maximum(up, to_model(rulebook.min_volatility_for_shock_up_frac))
    return vol_frac * np.maximum(
        1.0 - to_model(rulebook.volatility_down_frac[currency]) * tenor, 0.0
    )


@dataclass(frozen=True, slots=True)
class _Holding:
    """One position's worth, its coins of delta, and its profit in every cell, all in the coin.

    Profits of a future are exact for every cell; those of an option are the model's, and are made
    exact cell by cell when asked for.
    """

    subject: str
    evidence: Evidence
    expiry_ns: int | None
    worth_ccy: Decimal
    delta_coin: Decimal
    profits_model_ccy: Floats
    profits_exact_ccy: tuple[Decimal, ...] | None

    def profit_ccy(self, at: int) -> Decimal:
        """Give the exact profit in one cell, rounded against the holder."""
        if self.profits_exact_ccy is not None:
            return self.profits_exact_ccy[at]
        return to_exact(float(self.profits_model_ccy[at]), _MODEL_STEP, "down")


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: ScanRulebook,
) -> Outcome[MarginReport]:
    """Give the portfolio-margin requirement; see `hedgerow.margin.require`."""
    if account.orders:
        return with_orders(
            account,
            instruments,
            rulebook,
            lambda bare: require(bare, instruments, snapshot, rulebook),
        )
    currency = account.currency
    if currency not in rulebook.price_range_frac:
        return unsupported(account, f"{rulebook.name} has no scan for {currency}")
    grid = cells(rulebook, currency)
    index = snapshot.spot_usd(currency)
    if isinstance(index, Failure):
        return index

    futures: list[tuple[Position, InversePerpetual | InverseFuture]] = []
    options: list[tuple[Position, Option]] = []
    for position in account.positions:
        terms = instruments[position.instrument_id]
        match terms:
            case InversePerpetual() | InverseFuture() if terms.underlying == currency:
                futures.append((position, terms))
            case Option() if terms.underlying == currency and terms.is_coin_settled:
                options.append((position, terms))
            case _:
                return unsupported(
                    account, f"{position.instrument_id} is neither {currency} future nor option"
                )
    holdings: list[_Holding] = []
    for position, future in futures:
        held = _future(position, future, snapshot, grid, rulebook)
        if isinstance(held, Failure):
            return held
        holdings.append(held)
    scanned = _options(options, snapshot, rulebook, currency, grid)
    if isinstance(scanned, Failure):
        return scanned
    holdings.extend(scanned)

    delta_usd = abs(sum((h.delta_coin for h in holdings), Decimal(0))) * index
    if delta_usd > rulebook.delta_shock_threshold_usd:
        return unsupported(
            account,
            f"delta of {delta_usd:.0f} USD is beyond {rulebook.delta_shock_threshold_usd}, where "
            "the venue adds a delta shock whose formula is not verified",
        )
    factor = rulebook.maintenance_factor_frac
    scan_lines, worst = _scan_lines(holdings, grid, rulebook, currency, index)
    lines = [*scan_lines, *_roll_lines(holdings, rulebook, currency, snapshot)]
    maintenance = tuple(
        MarginLine(
            rule=line.rule,
            subject=line.subject,
            amount_ccy=line.amount_ccy * factor,
            detail=f"{factor} x {line.amount_ccy}" + (f"; {line.detail}" if line.detail else ""),
            amount_initial_ccy=line.amount_ccy,
            evidence=line.evidence,
        )
        for line in lines
    )
    counted = rulebook.known("equity")
    equity_lines = (
        MarginLine(
            rule="balance",
            subject=currency,
            amount_ccy=account.balance_coin(currency),
            evidence=counted,
        ),
        *(
            MarginLine(
                rule="value of position",
                subject=h.subject,
                amount_ccy=h.worth_ccy,
                evidence=counted,
            )
            for h in holdings
        ),
    )
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=currency,
        lines=maintenance,
        equity_lines=equity_lines,
        worst_scenario=worst,
    )


def _future(
    position: Position,
    terms: InversePerpetual | InverseFuture,
    snapshot: Snapshot,
    grid: Sequence[Cell],
    rulebook: ScanRulebook,
) -> Outcome[_Holding]:
    """Profit of an inverse future is size · m/(1+m) coins, in the tail that of the range's end."""
    mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
    if isinstance(mark, Failure):
        return mark
    if position.price_entry_ccy is None:
        return Failure(
            subject=position.instrument_id, reason="missing_data", message="no entry price"
        )
    reach_frac = rulebook.price_range_frac[terms.underlying]
    quantity = position.quantity_contracts
    size_coin = quantity * terms.multiplier_usd_per_contract / mark
    moves = [max(-reach_frac, min(reach_frac, cell.price_move_frac)) for cell in grid]
    profits = tuple(quantise(size_coin * move / (1 + move), _MODEL_STEP, "down") for move in moves)
    entered = unit_ccy(terms, position.price_entry_ccy)
    return _Holding(
        subject=position.instrument_id,
        evidence=rulebook.known("futures_scan"),
        expiry_ns=expiry_of(terms),
        worth_ccy=quantise(quantity * (unit_ccy(terms, mark) - entered), _MODEL_STEP, "down"),
        delta_coin=size_coin,
        profits_model_ccy=np.array([to_model(profit) for profit in profits]),
        profits_exact_ccy=profits,
    )


def _options(
    held: Sequence[tuple[Position, Option]],
    snapshot: Snapshot,
    rulebook: ScanRulebook,
    currency: str,
    grid: Sequence[Cell],
) -> Outcome[list[_Holding]]:
    """Revalue all options in all cells at once: shape (cells, options)."""
    marks: list[OptionMark] = []
    for _, option in held:
        mark = snapshot.option(option)
        if isinstance(mark, Failure):
            return mark
        marks.append(mark)
    if not held:
        return []
    columns = OptionColumns(
        forward_usd=np.array([mark.forward_usd for mark in marks]),
        strike_usd=np.array([to_model(option.strike_usd) for _, option in held]),
        vol_frac=np.array([mark.vol_frac for mark in marks]),
        expiry_years=np.array([mark.expiry_years for mark in marks]),
        is_call=np.array([option.right == "call" for _, option in held]),
    )
    now = greeks(columns)
    moves = np.array([to_model(cell.price_move_frac) for cell in grid])[:, None]
    vols = {
        shock: shocked_vol_frac(rulebook, currency, columns.vol_frac, columns.expiry_years, shock)
        for shock in ("up", "same", "down")
    }
    forwards = columns.forward_usd * (1.0 + moves)
    worth: Floats = value_usd(
        forwards,
        columns.strike_usd,
        np.stack([vols[cell.vol_shock] for cell in grid]),
        columns.expiry_years,
        columns.is_call,
    )
    profits = worth / forwards - now.value_usd / columns.forward_usd
    holdings = []
    for i, (position, option) in enumerate(held):
        quantity = to_model(position.quantity_contracts * option.multiplier_coin_per_contract)
        holdings.append(
            _Holding(
                subject=position.instrument_id,
                evidence=rulebook.known("options_scan"),
                expiry_ns=option.expiry_ns,
                worth_ccy=to_exact(
                    quantity * float(now.value_usd[i]) / float(columns.forward_usd[i]),
                    _MODEL_STEP,
                    "down",
                ),
                delta_coin=to_exact(
                    quantity * float(now.delta_forward_frac[i]), _MODEL_STEP, "half_up"
                ),
                profits_model_ccy=quantity * profits[:, i],
                profits_exact_ccy=None,
            )
        )
    return holdings


class _Booked(NamedTuple):
    """One cell, exactly: each holding's profit and what counts of it, the total, the dampener."""

    profits_ccy: Sequence[Decimal]
    shares_ccy: Sequence[Decimal]
    total_ccy: Decimal
    dampener_ccy: Decimal


def _scan_lines(
    holdings: Sequence[_Holding],
    grid: Sequence[Cell],
    rulebook: ScanRulebook,
    currency: str,
    index_usd: Decimal,
) -> tuple[list[MarginLine], WorstScenario | None]:
    """Find the worst cell and write it as lines that add up to it."""
    if not holdings:
        return [], None
    reach = rulebook.price_range_frac[currency]
    dampener_usd = rulebook.extended_dampener_usd[currency]
    multipliers = np.array([to_model(cell.multiplier_frac) for cell in grid])
    allowances_ccy = [_dampener_ccy(cell, rulebook, currency, index_usd) for cell in grid]
    rough = np.sum([h.profits_model_ccy for h in holdings], axis=0) * multipliers
    rough -= np.sign(rough) * np.minimum(np.abs(rough), [to_model(a) for a in allowances_ccy])
    # Exact figures only where the model leaves it open which cell is the worst.
    close = np.flatnonzero(rough <= rough.min() + _NEAR_CCY)

    def booked(at: int) -> _Booked:
        profits = [h.profit_ccy(at) for h in holdings]
        multiplier = grid[at].multiplier_frac
        # Down is against the holder; near cells have a multiplier of one and lose nothing.
        shares = (
            profits
            if multiplier == 1
            else [quantise(profit * multiplier, _MODEL_STEP, "down") for profit in profits]
        )
        profit = sum(shares, Decimal(0))
        dampener = min(abs(profit), allowances_ccy[at])
        total = profit + (dampener if profit < 0 else -dampener)
        return _Booked(profits, shares, total, dampener)

    cells_booked = {int(at): booked(int(at)) for at in close}
    at = min(cells_booked, key=lambda cell: cells_booked[cell].total_ccy)
    profits_ccy, shares_ccy, total, dampener = cells_booked[at]
    cell = grid[at]
    tail = rulebook.known("tail_multiplier")
    where = f"price {cell.price_move_frac:+}, vol {cell.vol_shock}"
    lines = [
        MarginLine(
            rule="loss in the worst cell",
            subject=h.subject,
            amount_ccy=-share,
            detail=_scaled(-profit, cell, reach, where),
            evidence=_weaker(h.evidence, tail) if cell.is_extended else h.evidence,
        )
        for h, profit, share in zip(holdings, profits_ccy, shares_ccy, strict=True)
    ]
    if dampener != 0:
        lines.append(
            MarginLine(
                rule="tail dampener",
                subject=currency,
                amount_ccy=-dampener,
                detail=f"(|{cell.price_move_frac}| / {reach} - 1) x {dampener_usd} USD "
                f"/ {index_usd}",
                evidence=rulebook.known("tail_dampener"),
            )
        )
    rounding = quantise(-total, _SCAN_STEP, "half_up") + total
    if rounding != 0:
        lines.append(
            MarginLine(
                rule="rounded half up to 9 decimals",
                subject=currency,
                amount_ccy=rounding,
                evidence=rulebook.known("rounding"),
            )
        )
    return lines, WorstScenario(
        scenario_index=at,
        price_move_frac=cell.price_move_frac,
        vol_shock=cell.vol_shock,
        profit_ccy=total,
    )


def _weaker(one: Evidence, other: Evidence) -> Evidence:
    """Give the less known of two."""
    return max(one, other, key="VRDSU".index)


def _scaled(loss_ccy: Decimal, cell: Cell, reach: Decimal, where: str) -> str:
    """Say how a tail cell's loss becomes the line's amount."""
    if cell.multiplier_frac == 1:
        return f"at {where}"
    return f"{reach} / {abs(cell.price_move_frac)} x {loss_ccy} at {where}"


def _dampener_ccy(cell: Cell, rulebook: ScanRulebook, currency: str, index_usd: Decimal) -> Decimal:
    """Give how much of a tail cell's profit or loss is taken off, at most all of it.

    The venue shrinks tail cells by a dollar amount that grows with the move ([S]: its exact scaling
    is not verified).
    """
    if not cell.is_extended:
        return Decimal(0)
    beyond = abs(cell.price_move_frac) / rulebook.price_range_frac[currency] - 1
    allowance = beyond * rulebook.extended_dampener_usd[currency] / index_usd
    return quantise(allowance, _MODEL_STEP, "down")


def _roll_lines(
    holdings: Sequence[_Holding], rulebook: ScanRulebook, currency: str, snapshot: Snapshot
) -> list[MarginLine]:
    """Charge each expiry's delta for a move of its basis: ``|Δ| · max(min, e^{aT} - 1)``."""
    by_expiry: dict[int | None, Decimal] = {}
    for h in holdings:
        by_expiry[h.expiry_ns] = by_expiry.get(h.expiry_ns, Decimal(0)) + h.delta_coin
    floor = rulebook.min_annualised_move_frac[currency]
    lines = []
    for expiry_ns, delta_coin in by_expiry.items():
        rate, rule = floor, "roll_minimum"
        if expiry_ns is not None:
            years = max(0.0, years_between(snapshot.time_ns, expiry_ns))
            grown = exp(to_model(rulebook.annualised_move_risk_frac[currency]) * years) - 1.0
            if (risen := to_exact(grown, _SCAN_STEP, "up")) > floor:
                rate, rule = risen, "roll_exponential"
        lines.append(
            MarginLine(
                rule="roll shock",
                subject="perpetual" if expiry_ns is None else date_utc(expiry_ns),
                amount_ccy=abs(delta_coin) * rate,
                detail=f"|{delta_coin}| x {rate}",
                evidence=rulebook.known(rule),
            )
        )
    return lines


ENGINE = Engine(
    kind=ScanRulebook,
    rules=(
        "equity",
        "futures_scan",
        "options_scan",
        "tail_multiplier",
        "tail_dampener",
        "rounding",
        "roll_minimum",
        "roll_exponential",
        "open_orders",
    ),
    require=require,
    terms=venue_terms,
    mistakes=mistakes,
    signed=("extended_moves_frac",),
    knows_orders=True,
)
