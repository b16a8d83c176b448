"""Deribit segregated portfolio margin: a scan over price and vol, per settlement coin.

Futures reproduce the venue to the digit ([V] deribit-pme-btc-2024-06-17); options follow the
documented scan and are an estimate until reconciled with the venue's own simulation. What is held
is gathered, with its profit in every cell; the worst cell and the roll are found by the parts of
the certified rule (`margin.rules.deribit`); lines are written that a calculator can repeat.
Everything is counted in the coin, at the shocked price.

Roundings are against the holder, but for the one that is the venue's: profits and worth are kept
to twelve decimals, down; the delta that an expiry's roll is charged for to twelve and its rate to
nine, up; the scan to nine, half up, as the venue prints it ([V], the same case).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import NamedTuple

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
    weaker,
)
from hedgerow.margin.rules import deribit as rules
from hedgerow.margin.rules.deribit import Cell, VolShock
from hedgerow.margin.venues.deribit_model import scan_cells
from hedgerow.margin.venues.deribit_orders import with_orders
from hedgerow.margin.venues.deribit_rulebook import RULES, ScanRulebook, mistakes, venue_terms
from hedgerow.market import OptionMark, Snapshot
from hedgerow.portfolio import Account, Position
from hedgerow.pricing import Floats, OptionColumns, greeks, unit_ccy, value_usd
from hedgerow.units import date_utc, digits_of, quantise, to_exact, to_model, years_between

__all__ = ["ENGINE", "cells", "require", "shocked_vol_frac"]

_SCAN_STEP = Decimal("1e-9")
_MODEL_STEP = Decimal("1e-12")
_SHOCKS: tuple[VolShock, ...] = ("up", "same", "down")
# Further apart than this, the model's float and the exact figures cannot disagree on the order.
_NEAR_CCY = 1e-8


@dataclass(frozen=True, slots=True)
class _Holding:
    """One position: its worth, its coins of delta and its profit in every cell, all in the coin.

    `profits_model_ccy` are close; `profit_ccy` gives one cell exactly, rounded against the holder.
    The rest says how a calculator gets there.
    """

    subject: str
    evidence: Evidence
    expiry_ns: int | None
    worth_ccy: Decimal
    worth_how: str
    delta_coin: Decimal
    delta_how: str
    profits_model_ccy: Floats
    profit_ccy: Callable[[int], Decimal]
    loss_how: Callable[[int], str]
    heard: Evidence = "V"  # of its settlement average; U where the index was not


class _Scanned(NamedTuple):
    """The worst cell: each holding's profit and what counts of it, and what is left in sum."""

    at: int
    profits_ccy: Sequence[Decimal]
    shares_ccy: Sequence[Decimal]
    total_ccy: Decimal


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: ScanRulebook,
) -> Outcome[MarginReport]:
    """Give the portfolio-margin requirement; see `hedgerow.margin.require`."""
    if account.orders:
        judge = partial(require, instruments=instruments, snapshot=snapshot, rulebook=rulebook)
        return with_orders(account, instruments, rulebook, judge)
    currency = account.currency
    if currency not in rulebook.price_range_frac:
        return unsupported(account, f"{rulebook.name} has no scan for {currency}")
    index_usd = snapshot.spot_usd(currency)
    if isinstance(index_usd, Failure):
        return index_usd
    grid = cells(rulebook, currency)
    holdings = _gathered(account, instruments, snapshot, rulebook, grid)
    if isinstance(holdings, Failure):
        return holdings
    delta_usd = abs(sum((h.delta_coin for h in holdings), Decimal(0))) * index_usd
    if delta_usd > rulebook.delta_shock_threshold_usd:
        return unsupported(
            account,
            f"delta of {delta_usd:.0f} USD is beyond {rulebook.delta_shock_threshold_usd}, where "
            "the venue adds a delta shock whose formula is not verified",
        )
    scanned = _scanned(holdings, grid, rulebook, currency, index_usd) if holdings else None
    lines = [
        *(_scan_lines(scanned, holdings, grid, rulebook, currency, index_usd) if scanned else ()),
        *_roll_lines(holdings, rulebook, currency, snapshot),
    ]
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=currency,
        lines=[_maintained(line, rulebook.maintenance_factor_frac) for line in lines],
        equity_lines=_equity_lines(account, holdings, rulebook),
        worst_scenario=None
        if scanned is None
        else WorstScenario(
            scenario_index=scanned.at,
            price_move_frac=grid[scanned.at].price_move_frac,
            vol_shock=grid[scanned.at].vol_shock,
            profit_ccy=scanned.total_ccy,
        ),
    )


def cells(rulebook: ScanRulebook, currency: str) -> tuple[Cell, ...]:
    """List the cells of a currency's scan."""
    return rules.cells(
        rulebook.price_range_frac[currency],
        rulebook.buckets_count,
        tuple(rulebook.extended_moves_frac),
        rulebook.extended_table_factor_frac,
    )


# --- gather ---------------------------------------------------------------------------------------


def _gathered(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: ScanRulebook,
    grid: Sequence[Cell],
) -> Outcome[list[_Holding]]:
    """Take every position with its worth, its delta and its profits: futures, then options."""
    currency = account.currency
    holdings: list[_Holding] = []
    options: list[tuple[Position, Option]] = []
    for position in account.positions:
        terms = instruments[position.instrument_id]
        match terms:
            case InversePerpetual() | InverseFuture() if terms.underlying == currency:
                held = _future(position, terms, snapshot, grid, rulebook)
                if isinstance(held, Failure):
                    return held
                holdings.append(held)
            case Option() if terms.underlying == currency and terms.is_coin_settled:
                options.append((position, terms))
            case _:
                return unsupported(
                    account, f"{position.instrument_id} is neither {currency} future nor option"
                )
    revalued = _options(options, snapshot, rulebook, currency, grid)
    return revalued if isinstance(revalued, Failure) else [*holdings, *revalued]


def _future(
    position: Position,
    terms: InversePerpetual | InverseFuture,
    snapshot: Snapshot,
    grid: Sequence[Cell],
    rulebook: ScanRulebook,
) -> Outcome[_Holding]:
    """Give a future, whose profit in every cell is exact."""
    mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
    if isinstance(mark, Failure):
        return mark
    entry = position.price_entry_ccy
    if entry is None:
        return Failure(
            subject=position.instrument_id, reason="missing_data", message="no entry price"
        )
    dollars = position.quantity_contracts * terms.multiplier_usd_per_contract
    size_coin = dollars / mark
    reach = rulebook.price_range_frac[terms.underlying]
    moves = [
        rules.future_move_frac(cell.price_move_frac, reach, is_extended=cell.is_extended)
        for cell in grid
    ]
    profits = [
        quantise(rules.inverse_profit_coin(size_coin, move), _MODEL_STEP, "down") for move in moves
    ]
    worth = position.quantity_contracts * (unit_ccy(terms, mark) - unit_ccy(terms, entry))
    return _Holding(
        subject=position.instrument_id,
        evidence=rulebook.known("futures_scan"),
        expiry_ns=expiry_of(terms),
        worth_ccy=quantise(worth, _MODEL_STEP, "down"),
        worth_how=f"{dollars:f} x (1 / {entry:f} - 1 / {mark:f})",
        delta_coin=size_coin,
        delta_how=f"{dollars:f} / {mark:f}",
        profits_model_ccy=np.array([to_model(profit) for profit in profits]),
        profit_ccy=profits.__getitem__,
        loss_how=lambda at: f"{-dollars:f} / {mark:f} x {moves[at]} / {1 + moves[at]}",
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
    vol_frac = np.array([mark.vol_frac for mark in marks])
    years = np.array([mark.expiry_years for mark in marks])
    shocked = {
        shock: shocked_vol_frac(rulebook, currency, vol_frac, years, shock) for shock in _SHOCKS
    }
    # Inside a settlement window all is of the average, which moves by what of it is open.
    scale = np.array([mark.vol_scale_frac for mark in marks])
    columns = OptionColumns(
        forward_usd=np.array([mark.average_usd for mark in marks]),
        strike_usd=np.array([to_model(option.strike_usd) for _, option in held]),
        vol_frac=scale * vol_frac,
        expiry_years=years,
        is_call=np.array([option.right == "call" for _, option in held]),
    )
    now = greeks(columns)
    moves = np.array([to_model(cell.price_move_frac) for cell in grid])[:, None]
    forwards = columns.forward_usd * (1.0 + np.array([each.moved_frac for each in marks]) * moves)
    vols = np.stack([scale * shocked[cell.vol_shock] for cell in grid])
    worth: Floats = value_usd(forwards, columns.strike_usd, vols, years, columns.is_call)
    profits = worth / forwards - now.value_usd / columns.forward_usd
    values, deltas = now.value_usd.tolist(), now.delta_forward_frac.tolist()

    def one(i: int, position: Position, option: Option) -> _Holding:
        coins = position.quantity_contracts * option.multiplier_coin_per_contract
        quantity = to_model(coins)
        ours = quantity * profits[:, i]
        mark, forward, vol = marks[i], marks[i].average_usd, marks[i].vol_frac
        terms = f"years {mark.expiry_years:.15g})"

        def written(forward_usd: float, vol_frac: float) -> str:
            head = f"{option.right}(F {forward_usd:.15g}, K {option.strike_usd}"
            return f"{head}, vol {vol_frac:.15g}, {terms}"

        def loss_how(at: int) -> str:
            then_usd, then_frac = float(forwards[at, i]), float(vols[at, i])
            then = f"{written(then_usd, then_frac)} / {then_usd:.15g}"
            profit = f"{-coins:f} x ({then} - {present} / {forward:.15g})"
            figures = _shock_figures(rulebook, currency, grid[at].vol_shock)
            shocked = rules.shock_written(
                vol, float(rules.days_of(years)[i]), grid[at].vol_shock, **figures
            )
            return f"{profit}; {shocked}" if shocked else profit

        present = written(forward, float(columns.vol_frac[i]))
        window = rules.window_written(mark.forward_usd, mark.open_frac, mark.vol_scale_frac)
        return _Holding(
            subject=position.instrument_id,
            evidence=rulebook.known("options_scan"),
            heard="V" if mark.is_heard else "U",
            expiry_ns=option.expiry_ns,
            worth_ccy=to_exact(quantity * values[i] / forward, _MODEL_STEP, "down"),
            worth_how=f"{coins:f} x {present} / {forward:.15g}",
            # Every digit of the model's: what an expiry is charged for is rounded once, summed.
            delta_coin=digits_of(quantity * mark.open_frac * deltas[i]),
            delta_how=f"{coins:f} x delta of {present}{window}",
            profits_model_ccy=ours,
            profit_ccy=lambda at: to_exact(float(ours[at]), _MODEL_STEP, "down"),
            loss_how=loss_how,
        )

    return [one(i, position, option) for i, (position, option) in enumerate(held)]


def shocked_vol_frac(
    rulebook: ScanRulebook,
    currency: str,
    vol_frac: Floats,
    expiry_years: Floats,
    shock: VolShock,
) -> Floats:
    """Shock volatilities by a rulebook's figures."""
    figures = _shock_figures(rulebook, currency, shock)
    return rules.shocked_vol_frac(vol_frac, rules.days_of(expiry_years), shock, **figures)


def _shock_figures(rulebook: ScanRulebook, currency: str, shock: VolShock) -> dict[str, float]:
    ranges = rulebook.volatility_down_frac if shock == "down" else rulebook.volatility_up_frac
    return {
        "range_frac": to_model(ranges[currency]),
        "short_power": to_model(rulebook.short_term_vega_power),
        "long_power": to_model(rulebook.long_term_vega_power),
        "least_up_frac": to_model(rulebook.min_volatility_for_shock_up_frac),
    }


# --- scan -----------------------------------------------------------------------------------------


def _scanned(
    holdings: Sequence[_Holding],
    grid: Sequence[Cell],
    rulebook: ScanRulebook,
    currency: str,
    index_usd: Decimal,
) -> _Scanned:
    """Find the worst cell: by the model first, and exactly wherever that leaves it open."""
    reach = rulebook.price_range_frac[currency]
    dampener_usd = rulebook.extended_dampener_usd[currency]
    multipliers = np.array([to_model(cell.multiplier_frac) for cell in grid])
    allowances_ccy = [
        quantise(
            rules.tail_allowance_ccy(cell.price_move_frac, reach, dampener_usd, index_usd),
            _MODEL_STEP,
            "down",
        )
        if cell.is_extended
        else Decimal(0)
        for cell in grid
    ]
    rough = np.sum([h.profits_model_ccy for h in holdings], axis=0) * multipliers
    rough -= np.sign(rough) * np.minimum(np.abs(rough), [to_model(a) for a in allowances_ccy])

    def exactly(at: int) -> _Scanned:
        profits = [h.profit_ccy(at) for h in holdings]
        multiplier = grid[at].multiplier_frac
        shares = (
            profits
            if multiplier == 1
            else [quantise(profit * multiplier, _MODEL_STEP, "down") for profit in profits]
        )
        total = rules.dampened(sum(shares, Decimal(0)), allowances_ccy[at])
        return _Scanned(at, profits, shares, total)

    close = np.flatnonzero(rough <= rough.min() + _NEAR_CCY)
    return min((exactly(int(at)) for at in close), key=lambda cell: cell.total_ccy)


# --- report ---------------------------------------------------------------------------------------


def _scan_lines(
    scanned: _Scanned,
    holdings: Sequence[_Holding],
    grid: Sequence[Cell],
    rulebook: ScanRulebook,
    currency: str,
    index_usd: Decimal,
) -> list[MarginLine]:
    """Write the worst cell as lines that add up to it."""
    cell, reach = grid[scanned.at], rulebook.price_range_frac[currency]
    where = f"at price {cell.price_move_frac:+}, vol {cell.vol_shock}"
    tail = rulebook.known("tail_multiplier")
    lines = []
    for h, profit, share in zip(holdings, scanned.profits_ccy, scanned.shares_ccy, strict=True):
        steps, known = [where], weaker(h.evidence, h.heard)
        if cell.multiplier_frac != 1:
            factor = rulebook.extended_table_factor_frac
            scale = "" if factor == 1 else f"{factor} x "
            steps.append(f"{-share:f} = {scale}{reach} / {abs(cell.price_move_frac)} x {-profit:f}")
        steps.append(f"{-profit:f} = {h.loss_how(scanned.at)}")
        lines.append(
            MarginLine(
                rule="loss in the worst cell",
                subject=h.subject,
                amount_ccy=-share,
                detail="; ".join(steps),
                evidence=weaker(known, tail) if cell.is_extended else known,
            )
        )
    total = sum(scanned.shares_ccy, Decimal(0))
    dampener = scanned.total_ccy - total
    if dampener != 0:
        lines.append(
            MarginLine(
                rule="tail dampener",
                subject=currency,
                amount_ccy=-dampener,
                # Never all of a loss: a tail that is let off whole is not the worst cell.
                detail=f"{-dampener:f} = -(|{cell.price_move_frac}| / {reach} - 1) x "
                f"{rulebook.extended_dampener_usd[currency]} / {index_usd:f}",
                evidence=rulebook.known("tail_dampener"),
            )
        )
    rounding = quantise(-scanned.total_ccy, _SCAN_STEP, "half_up") + scanned.total_ccy
    if rounding != 0:
        lines.append(
            MarginLine(
                rule="rounded half up to 9 decimals",
                subject=currency,
                amount_ccy=rounding,
                detail=f"{-scanned.total_ccy:f} to {rounding - scanned.total_ccy:f}",
                evidence=rulebook.known("rounding"),
            )
        )
    return lines


def _roll_lines(
    holdings: Sequence[_Holding], rulebook: ScanRulebook, currency: str, snapshot: Snapshot
) -> list[MarginLine]:
    """Charge each expiry's delta for a move of its basis: ``|Δ| · max(min, e^{aT} - 1)``."""
    by_expiry: dict[int | None, list[_Holding]] = {}
    for h in holdings:
        by_expiry.setdefault(h.expiry_ns, []).append(h)
    floor = rulebook.min_annualised_move_frac[currency]
    lines = []
    for expiry_ns, held in by_expiry.items():
        rate, rule, how = floor, "roll_minimum", ""
        if expiry_ns is not None:
            years = years_between(snapshot.time_ns, expiry_ns)
            annual = rulebook.annualised_move_risk_frac[currency]
            grown = rules.roll_rate_frac(to_model(annual), years)
            if (risen := to_exact(grown, _SCAN_STEP, "up")) > floor:
                rate, rule = risen, "roll_exponential"
                how = f"; {rate:f} = e^({annual} x {years:.15g}) - 1"
        net = sum((h.delta_coin for h in held), Decimal(0))
        delta_coin = quantise(abs(net), _MODEL_STEP, "up")
        deltas = " + ".join(f"{h.delta_coin:.12f}" for h in held)
        lines.append(
            MarginLine(
                rule="roll shock",
                subject="perpetual" if expiry_ns is None else date_utc(expiry_ns),
                amount_ccy=delta_coin * rate,
                detail=f"{delta_coin * rate:f} = {delta_coin:f} x {rate}{how}; "
                f"{delta_coin:f} = |{deltas}|",
                evidence=weaker(rulebook.known(rule), min(h.heard for h in held)),  # U before V
            )
        )
    return lines


def _maintained(line: MarginLine, factor: Decimal) -> MarginLine:
    """Take a line of the initial requirement as one of the maintenance requirement."""
    return MarginLine(
        rule=line.rule,
        subject=line.subject,
        amount_ccy=line.amount_ccy * factor,
        detail=f"{factor} x {line.amount_ccy:f}" + (f"; {line.detail}" if line.detail else ""),
        amount_initial_ccy=line.amount_ccy,
        evidence=line.evidence,
    )


def _equity_lines(
    account: Account, holdings: Sequence[_Holding], rulebook: ScanRulebook
) -> list[MarginLine]:
    """Count the balance of the coin and what every position is worth."""
    counted = rulebook.known("equity")
    return [
        MarginLine(
            rule="balance",
            subject=account.currency,
            amount_ccy=account.balance_coin(account.currency),
            evidence=counted,
        ),
        *(
            MarginLine(
                rule="value of position",
                subject=h.subject,
                amount_ccy=h.worth_ccy,
                detail=f"{h.worth_how}; delta {h.delta_coin:.12f} = {h.delta_how}",
                evidence=weaker(counted, h.heard),
            )
            for h in holdings
        ),
    ]


ENGINE = Engine(
    kind=ScanRulebook,
    rules=RULES,
    require=require,
    terms=venue_terms,
    mistakes=mistakes,
    signed=("extended_moves_frac",),
    knows_orders=True,
    model=partial(scan_cells, grid_of=cells, shocked=shocked_vol_frac),
)
