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

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, InverseFuture, InversePerpetual, Option
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
from hedgerow.margin.rules.deribit import Cell
from hedgerow.margin.venues.deribit_futures import HeldFuture, HeldFutures, held_future
from hedgerow.margin.venues.deribit_model import scan_by_cell, scan_cells
from hedgerow.margin.venues.deribit_options import (
    MODEL_STEP,
    Held,
    HeldOptions,
    held_options,
    shocked_vol_frac,
)
from hedgerow.margin.venues.deribit_orders import with_orders
from hedgerow.margin.venues.deribit_rulebook import RULES, ScanRulebook, mistakes, venue_terms
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, Position
from hedgerow.pricing import Floats
from hedgerow.units import date_utc, quantise, to_exact, to_model, years_between

__all__ = ["ENGINE", "cells", "require", "shocked_vol_frac"]

_SCAN_STEP = Decimal("1e-9")
# Further apart than this, the model's float and the exact figures cannot disagree on the order.
_NEAR_CCY = 1e-8

_Kind: TypeAlias = HeldFutures | HeldOptions


class _Scan(NamedTuple):
    """What one coin is scanned by; item i of `moves_frac` and `allowances_ccy` is cell i's."""

    rulebook: ScanRulebook
    currency: str
    index_usd: Decimal
    grid: Sequence[Cell]
    moves_frac: Floats
    allowances_ccy: Sequence[Decimal]  # what is taken off the size of a gain or a loss
    factor_written: str  # of the initial requirement that is maintenance

    @property
    def reach_frac(self) -> Decimal:
        """How far the near cells go."""
        return self.rulebook.price_range_frac[self.currency]


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
    scan = _scan(rulebook, currency, index_usd)
    kinds = _gathered(account, instruments, snapshot, scan)
    if isinstance(kinds, Failure):
        return kinds
    holdings = [held for kind in kinds for held in kind.held]
    delta_usd = abs(sum((h.delta_coin for h in holdings), Decimal(0))) * index_usd
    if delta_usd > rulebook.delta_shock_threshold_usd:
        return unsupported(
            account,
            f"delta of {delta_usd:.0f} USD is beyond {rulebook.delta_shock_threshold_usd}, where "
            "the venue adds a delta shock whose formula is not verified",
        )
    scanned = _scanned(kinds, scan) if kinds else None
    scan_lines = () if scanned is None else _scan_lines(scanned, kinds, scan)
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=currency,
        lines=[*scan_lines, *_roll_lines(holdings, scan, snapshot)],
        equity_lines=_equity_lines(account, holdings, rulebook),
        worst_scenario=None
        if scanned is None
        else WorstScenario(
            scenario_index=scanned.at,
            coin=currency,
            price_move_frac=scan.grid[scanned.at].price_move_frac,
            vol_shock=scan.grid[scanned.at].vol_shock,
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


def _scan(rulebook: ScanRulebook, currency: str, index_usd: Decimal) -> _Scan:
    grid, reach = cells(rulebook, currency), rulebook.price_range_frac[currency]
    moves_frac = np.array([to_model(cell.price_move_frac) for cell in grid])
    dampener_usd = rulebook.extended_dampener_usd[currency]
    allowances = [
        quantise(
            rules.tail_allowance_ccy(cell.price_move_frac, reach, dampener_usd, index_usd),
            MODEL_STEP,
            "down",
        )
        if cell.is_extended
        else Decimal(0)
        for cell in grid
    ]
    factor = f"{rulebook.maintenance_factor_frac}"
    return _Scan(rulebook, currency, index_usd, grid, moves_frac, allowances, factor)


# --- gather ---------------------------------------------------------------------------------------


def _gathered(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    scan: _Scan,
) -> Outcome[list[_Kind]]:
    """Take every position: futures, then options; a kind of which none is held is left out."""
    currency, rulebook = scan.currency, scan.rulebook
    futures: list[HeldFuture] = []
    options: list[tuple[Position, Option]] = []
    for position in account.positions:
        terms = instruments[position.instrument_id]
        match terms:
            case Option() if terms.underlying == currency and terms.is_coin_settled:
                options.append((position, terms))
            case InversePerpetual() | InverseFuture() if terms.underlying == currency:
                future = held_future(position, terms, snapshot, rulebook)
                if isinstance(future, Failure):
                    return future
                futures.append(future)
            case _:
                return unsupported(
                    account, f"{position.instrument_id} is neither {currency} future nor option"
                )
    kinds: list[_Kind] = []
    if futures:
        kinds.append(HeldFutures(futures, scan.grid, scan.moves_frac, scan.reach_frac))
    if options:
        revalued = held_options(options, snapshot, rulebook, currency, scan.grid, scan.moves_frac)
        if isinstance(revalued, Failure):
            return revalued
        kinds.append(revalued)
    return kinds


# --- scan -----------------------------------------------------------------------------------------


def _scanned(kinds: Sequence[_Kind], scan: _Scan) -> _Scanned:
    """Find the worst cell: by the model first, and exactly wherever that leaves it open."""
    grid, allowances = scan.grid, scan.allowances_ccy
    # The near cells have a multiplier of one and no allowance.
    multipliers = [to_model(c.multiplier_frac) if c.is_extended else 1.0 for c in grid]
    let_off = [to_model(a) if c.is_extended else 0.0 for c, a in zip(grid, allowances, strict=True)]
    rough = sum(kind.profits_model_ccy() for kind in kinds) * np.array(multipliers)
    rough -= np.sign(rough) * np.minimum(np.abs(rough), let_off)

    def exactly(at: int) -> _Scanned:
        profits = [profit for kind in kinds for profit in kind.profits_ccy(at)]
        multiplier = grid[at].multiplier_frac
        shares = (
            profits
            if multiplier == 1
            else [quantise(profit * multiplier, MODEL_STEP, "down") for profit in profits]
        )
        total = rules.dampened(sum(shares, Decimal(0)), allowances[at])
        return _Scanned(at, profits, shares, total)

    close = np.flatnonzero(rough <= rough.min() + _NEAR_CCY).tolist()
    return min(map(exactly, close), key=lambda cell: cell.total_ccy)


# --- report ---------------------------------------------------------------------------------------


def _line(
    scan: _Scan,
    rule: str,
    subject: str,
    amount_ccy: Decimal,
    written: str,
    detail: str,
    evidence: Evidence,
) -> MarginLine:
    """Write a line of the initial requirement, of which maintenance is a part.

    Parameters
    ----------
    written
        The amount as `detail` has it.
    """
    return MarginLine(
        rule=rule,
        subject=subject,
        amount_ccy=amount_ccy * scan.rulebook.maintenance_factor_frac,
        detail=f"{scan.factor_written} x {written}; {detail}",
        amount_initial_ccy=amount_ccy,
        evidence=evidence,
    )


def _scan_lines(scanned: _Scanned, kinds: Sequence[_Kind], scan: _Scan) -> Iterator[MarginLine]:
    """Write the worst cell as lines that add up to it."""
    rulebook, currency, reach = scan.rulebook, scan.currency, scan.reach_frac
    cell = scan.grid[scanned.at]
    where = f"at price {cell.price_move_frac:+}, vol {cell.vol_shock}"
    tail = rulebook.known("tail_multiplier")
    factor = rulebook.extended_table_factor_frac
    scale = "" if factor == 1 else f"{factor} x "
    holdings = [held for kind in kinds for held in kind.held]
    hows = [how for kind in kinds for how in kind.losses_how(scanned.at)]
    columns = zip(holdings, scanned.profits_ccy, scanned.shares_ccy, hows, strict=True)
    for h, profit, share, how in columns:
        loss = counted = f"{-profit:f}"
        steps = f"{loss} = {how}"
        if cell.multiplier_frac != 1:
            counted = f"{-share:f}"
            part = f"{scale}{reach} / {abs(cell.price_move_frac)} x {loss}"
            steps = f"{counted} = {part}; {steps}"
        yield _line(
            scan,
            "loss in the worst cell",
            h.subject,
            -share,
            counted,
            f"{where}; {steps}",
            weaker(h.evidence, tail) if cell.is_extended else h.evidence,
        )
    total = sum(scanned.shares_ccy, Decimal(0))
    dampener = scanned.total_ccy - total
    if dampener != 0:
        # Never all of a loss: a tail that is let off whole is not the worst cell.
        written = f"{-dampener:f}"
        detail = (
            f"{written} = -(|{cell.price_move_frac}| / {reach} - 1) x "
            f"{rulebook.extended_dampener_usd[currency]} / {scan.index_usd:f}"
        )
        known = rulebook.known("tail_dampener")
        yield _line(scan, "tail dampener", currency, -dampener, written, detail, known)
    rounding = quantise(-scanned.total_ccy, _SCAN_STEP, "half_up") + scanned.total_ccy
    if rounding != 0:
        detail = f"{-scanned.total_ccy:f} to {rounding - scanned.total_ccy:f}"
        known = rulebook.known("rounding")
        rule = "rounded half up to 9 decimals"
        yield _line(scan, rule, currency, rounding, f"{rounding:f}", detail, known)


def _roll_lines(holdings: Sequence[Held], scan: _Scan, snapshot: Snapshot) -> Iterator[MarginLine]:
    """Charge each expiry's delta for a move of its basis: ``|Δ| · max(min, e^{aT} - 1)``."""
    rulebook = scan.rulebook
    by_expiry: dict[int | None, list[Held]] = {}
    for h in holdings:
        by_expiry.setdefault(h.expiry_ns, []).append(h)
    floor = rulebook.min_annualised_move_frac[scan.currency]
    annual = rulebook.annualised_move_risk_frac[scan.currency]
    for expiry_ns, held in by_expiry.items():
        rate, rule, how = floor, "roll_minimum", ""
        if expiry_ns is not None:
            years = years_between(snapshot.time_ns, expiry_ns)
            grown = rules.roll_rate_frac(to_model(annual), years)
            if (risen := to_exact(grown, _SCAN_STEP, "up")) > floor:
                rate, rule = risen, "roll_exponential"
                how = f"; {rate:f} = e^({annual} x {years:.15g}) - 1"
        net = sum((h.delta_coin for h in held), Decimal(0))
        delta_coin = quantise(abs(net), MODEL_STEP, "up")
        amount_ccy = delta_coin * rate
        written, delta = f"{amount_ccy:f}", f"{delta_coin:f}"
        # In full, for what is rounded up is not what twelve decimals of each add up to.
        size = "|" + " + ".join(f"{h.delta_coin:f}" for h in held) + "|"
        size = size if delta_coin == abs(net) else f"up({size}, 1e-12)"
        yield _line(
            scan,
            "roll shock",
            "perpetual" if expiry_ns is None else date_utc(expiry_ns),
            amount_ccy,
            written,
            f"{written} = {delta} x {rate}{how}; {delta} = {size}",
            rulebook.known(rule) if all(h.is_heard for h in held) else "U",
        )


def _equity_lines(
    account: Account, holdings: Sequence[Held], rulebook: ScanRulebook
) -> Iterator[MarginLine]:
    """Count the balance of the coin and what every position is worth."""
    counted = rulebook.known("equity")
    yield MarginLine(
        rule="balance",
        subject=account.currency,
        amount_ccy=account.balance_coin(account.currency),
        evidence=counted,
    )
    for h in holdings:
        yield MarginLine(
            rule="value of position",
            subject=h.subject,
            amount_ccy=h.worth_ccy,
            detail=h.how,
            evidence=counted if h.is_heard else "U",
        )


ENGINE = Engine(
    kind=ScanRulebook,
    rules=RULES,
    require=require,
    terms=venue_terms,
    mistakes=mistakes,
    signed=("extended_moves_frac",),
    knows_orders=True,
    model=partial(scan_cells, grid_of=cells, shocked=shocked_vol_frac),
    scan=partial(scan_by_cell, grid_of=cells, shocked=shocked_vol_frac),
)
