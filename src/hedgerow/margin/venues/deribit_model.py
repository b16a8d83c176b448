"""Deribit's scan in float64: many accounts under many shocks; see `hedgerow.margin.model`.

Every instrument is revalued once in every cell of the scan and after every shock; an account's
profits are its row of a sparse table of holdings times that. Vols, moves and the tail come from the
rule that the engine asks (`margin.rules.deribit`).
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, InverseFuture, InversePerpetual, Option
from hedgerow.margin.model import RELATIVE, Cells, Scanned, is_near
from hedgerow.margin.rules import deribit as rules
from hedgerow.margin.rules.deribit import Cell, VolShock
from hedgerow.margin.venues.deribit_rulebook import ScanRulebook
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import Floats, OptionColumns, greeks, value_usd
from hedgerow.units import YEAR_NS, to_exact, to_model, years_between

__all__ = ["scan_by_cell", "scan_cells"]

# What the engine rounds the scan and the rate of a roll to; every other step is far below.
_STEP_CCY = 1e-9
_STEP = Decimal("1e-9")
# Two megabytes: what a core keeps near.
_BATCH_COUNT = 2**18

A = TypeVar("A")

Future = InversePerpetual | InverseFuture
Grid = Callable[[ScanRulebook, str], tuple[Cell, ...]]
Shocked = Callable[[ScanRulebook, str, Floats, Floats, VolShock], Floats]


@dataclass(slots=True)
class _Book:
    """Accounts of one coin as tables: dollars of futures, coins of options."""

    accounts_index: list[int] = field(default_factory=list)
    balance_coin: list[float] = field(default_factory=list)
    # Dollars over entry prices, added up as they are and by size.
    entries_coin: list[float] = field(default_factory=list)
    entries_gross_coin: list[float] = field(default_factory=list)
    futures: dict[str, Future] = field(default_factory=dict)
    options: dict[str, Option] = field(default_factory=dict)
    held: dict[bool, list[tuple[int, int, float]]] = field(
        default_factory=lambda: {True: [], False: []}
    )
    rank: dict[str, int] = field(default_factory=dict)

    def take(self, at: int, account: Account, instruments: Mapping[str, Instrument]) -> None:
        """Add an account that `_fits`."""
        owner, net, gross = len(self.accounts_index), 0.0, 0.0
        for position in account.positions:
            terms = instruments[position.instrument_id]
            if isinstance(terms, Option):
                self.options.setdefault(terms.instrument_id, terms)
                column = self.rank.setdefault(terms.instrument_id, len(self.options) - 1)
                size = position.quantity_contracts * terms.multiplier_coin_per_contract
            else:
                assert isinstance(terms, Future)
                assert position.price_entry_ccy is not None
                self.futures.setdefault(terms.instrument_id, terms)
                column = self.rank.setdefault(terms.instrument_id, len(self.futures) - 1)
                size = position.quantity_contracts * terms.multiplier_usd_per_contract
                entered = to_model(size) / to_model(position.price_entry_ccy)
                net, gross = net + entered, gross + abs(entered)
            self.held[isinstance(terms, Option)].append((owner, column, to_model(size)))
        self.accounts_index.append(at)
        self.balance_coin.append(to_model(account.balance_coin(account.currency)))
        self.entries_coin.append(net)
        self.entries_gross_coin.append(gross)

    def table(self, *, of_options: bool) -> sparse.csr_array:
        """Give sizes, shape (accounts, instruments)."""
        held = np.array(self.held[of_options], dtype=np.float64).reshape(-1, 3)
        rows, columns = held[:, 0].astype(np.int64), held[:, 1].astype(np.int64)
        shape = (len(self.accounts_index), len(self.options if of_options else self.futures))
        return sparse.csr_array((held[:, 2], (rows, columns)), shape=shape)


def scan_cells(
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    snapshots: Sequence[Snapshot],
    rulebook: ScanRulebook,
    *,
    grid_of: Grid,
    shocked: Shocked,
) -> Cells:
    """Give equity and requirement of accounts in portfolio margin, coin by coin.

    Parameters
    ----------
    grid_of, shocked
        The cells of a coin's scan and its vols in one of them, as the engine has them.
    """
    cells = Cells.left(len(accounts), len(snapshots))
    for coin, book in _books(accounts, instruments, snapshots, rulebook).items():
        _fill(cells, book, coin, snapshots, rulebook, grid_of(rulebook, coin), shocked)
    return cells


def scan_by_cell(
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    snapshots: Sequence[Snapshot],
    rulebook: ScanRulebook,
    *,
    grid_of: Grid,
    shocked: Shocked,
) -> Scanned:
    """Give the initial requirement of accounts in portfolio margin as if each cell were the worst.

    Takes what `scan_cells` does.
    """
    cells = Cells.left(len(accounts), len(snapshots))
    grids = {coin: grid_of(rulebook, coin) for coin in rulebook.price_range_frac}
    count = max((len(grid) for grid in grids.values()), default=0)
    by_cell = np.full((len(accounts), len(snapshots), count), -np.inf)
    for coin, book in _books(accounts, instruments, snapshots, rulebook).items():
        _fill(cells, book, coin, snapshots, rulebook, grids[coin], shocked, by_cell)
    return Scanned(cells, by_cell, to_model(rulebook.maintenance_factor_frac))


def _books(
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    snapshots: Sequence[Snapshot],
    rulebook: ScanRulebook,
) -> dict[str, _Book]:
    """Gather accounts by coin; those that the model cannot take are left out."""
    books: dict[str, _Book] = {}
    known: dict[tuple[str, str], bool] = {}
    for at, account in enumerate(accounts):
        coin = account.currency
        if coin not in rulebook.price_range_frac or account.orders:
            continue

        def fits(name: str, coin: str = coin) -> bool:
            key = (coin, name)
            if key not in known:
                known[key] = _fits(instruments[name], coin, snapshots[0])
            return known[key]

        if isinstance(snapshots[0].spot_usd(coin), Failure):
            continue
        if all(
            fits(each.instrument_id)
            and (
                each.price_entry_ccy is not None
                or isinstance(instruments[each.instrument_id], Option)
            )
            for each in account.positions
        ):
            books.setdefault(coin, _Book()).take(at, account, instruments)
    return books


def _fits(terms: Instrument, coin: str, snapshot: Snapshot) -> bool:
    """Say whether the scan of a coin covers an instrument and the market knows it."""
    match terms:
        case InversePerpetual() | InverseFuture() if terms.underlying == coin:
            mark = snapshot.mark_usd(terms.instrument_id, coin)
            return not isinstance(mark, Failure)
        case Option() if terms.underlying == coin and terms.is_coin_settled:
            return not isinstance(snapshot.option(terms), Failure)
        case _:
            return False


def _fill(
    cells: Cells,
    book: _Book,
    coin: str,
    snapshots: Sequence[Snapshot],
    rulebook: ScanRulebook,
    grid: Sequence[Cell],
    shocked: Shocked,
    by_cell_ccy: Floats | None = None,
) -> None:
    """Answer for the accounts of a coin, some shocks at a time, and cell by cell where asked."""
    shape = (len(book.accounts_index), len(snapshots))
    equity, initial, bound = np.empty(shape), np.empty(shape), np.empty(shape)
    is_left = np.zeros(shape, dtype=np.bool_)
    dollars, coins = book.table(of_options=False), book.table(of_options=True)
    dollars_gross, coins_gross = abs(dollars), abs(coins)
    balance = np.array(book.balance_coin)[:, None]
    entries = np.array(book.entries_coin)[:, None]
    gross = np.abs(balance) + np.array(book.entries_gross_coin)[:, None]
    steps_ccy = _STEP_CCY * (1.0 + 0.01 * (np.diff(dollars.indptr) + np.diff(coins.indptr)))
    reach = rulebook.price_range_frac[coin]
    gains = np.array([_gain(cell, reach) for cell in grid])
    multipliers = np.array([to_model(cell.multiplier_frac) for cell in grid])
    dampeners_usd = _dampeners_usd(rulebook, coin, grid)
    rolls = _rolls(book, snapshots[0].time_ns, rulebook, coin)
    most_usd = to_model(rulebook.delta_shock_threshold_usd)
    for some in _batches(
        len(snapshots), len(grid) * max(len(book.accounts_index), len(book.options))
    ):
        market = _market(book, coin, snapshots[some])
        worth, delta, profits, most = _revalued(book, market, rulebook, coin, grid, shocked)
        size = dollars @ market.coins_per_usd
        # Item [a, s, c]: account a after shock s in cell c.
        columns_count = size.shape[1] * len(grid)
        scan = (coins @ profits.reshape(-1, columns_count)).reshape(*size.shape, len(grid))
        scan += size[:, :, None] * gains
        scan *= multipliers
        allowances = dampeners_usd / market.index_usd[:, None]
        scan -= np.sign(scan) * np.minimum(np.abs(scan), allowances)
        roll = np.zeros_like(size)
        for rate, of_futures, of_options in rolls:
            net = dollars @ (market.coins_per_usd * of_futures[:, None])
            net += coins @ (delta * of_options[:, None])
            roll += rate * np.abs(net)
        initial[:, some] = roll - scan.min(axis=2)
        if by_cell_ccy is not None:
            by_cell_ccy[book.accounts_index, some, : len(grid)] = roll[:, :, None] - scan
        equity[:, some] = balance + entries - size + coins @ worth
        delta_usd = np.abs(size + coins @ delta) * market.index_usd
        is_left[:, some] = (delta_usd > most_usd) | is_near(delta_usd, most_usd)
        # An average of which a part was heard, or should have been, is the engine's to value.
        is_left[:, some] |= coins_gross @ market.is_begun > 0.0
        counted = (dollars_gross @ market.coins_per_usd) * (1.0 + np.abs(gains).max())
        counted += gross + coins_gross @ most
        bound[:, some] = RELATIVE * counted + steps_ccy[:, None]
    cells.fill(
        book.accounts_index,
        equity_ccy=equity,
        maintenance_ccy=initial * to_model(rulebook.maintenance_factor_frac),
        initial_ccy=initial,
        bound_ccy=bound,
        is_left=is_left,
    )


def _batches(shocks_count: int, doubles_count: int) -> Iterator[slice]:
    """Take as many shocks at once as keep a table of them in a cache; one at least."""
    step = max(1, _BATCH_COUNT // max(doubles_count, 1))
    for first in range(0, shocks_count, step):
        yield slice(first, first + step)


def _gain(cell: Cell, reach: Decimal) -> float:
    """Give what a coin of an inverse future gains in a cell."""
    move = rules.future_move_frac(cell.price_move_frac, reach, is_extended=cell.is_extended)
    return to_model(rules.inverse_profit_coin(Decimal(1), move))


def _dampeners_usd(rulebook: ScanRulebook, coin: str, grid: Sequence[Cell]) -> Floats:
    """Give what every cell of the tail lets off, in dollars: an index of one dollar."""
    reach, most_usd = rulebook.price_range_frac[coin], rulebook.extended_dampener_usd[coin]
    return np.array(
        [
            to_model(rules.tail_allowance_ccy(cell.price_move_frac, reach, most_usd, Decimal(1)))
            if cell.is_extended
            else 0.0
            for cell in grid
        ]
    )


class _Market(NamedTuple):
    """What shocks leave of the market: shape (shocks,), or (instruments, shocks)."""

    index_usd: Floats
    coins_per_usd: Floats
    forward_usd: Floats
    vol_frac: Floats
    expiry_years: Floats
    open_frac: Floats  # what of the settlement window is still to come; one before it
    is_begun: Floats  # one where the window is open now


def _market(book: _Book, coin: str, snapshots: Sequence[Snapshot]) -> _Market:
    per_usd = [
        [1.0 / to_model(_known(each.mark_usd(terms.instrument_id, coin))) for each in snapshots]
        for terms in book.futures.values()
    ]
    return _Market(
        np.array([to_model(_known(each.spot_usd(coin))) for each in snapshots]),
        np.array(per_usd, dtype=np.float64).reshape(-1, len(snapshots)),
        *_option_marks(list(book.options.values()), coin, snapshots),
    )


def _option_marks(
    options: Sequence[Option], coin: str, snapshots: Sequence[Snapshot]
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Give forward, vol, years, and how far its window is, as `Snapshot.option` would.

    Every option is asked for once: where its window is still ahead now a shock is arithmetic on its
    mark, also one that goes on to the window or beyond the expiry. Nothing of the average was heard
    then, so that its forward is the option's.
    """
    plain = snapshots[0].unshocked()
    marks = [_known(plain.option(terms)) for terms in options]
    shocks = [each.shock for each in snapshots]
    forward_usd = np.array([mark.forward_usd for mark in marks])[:, None]
    vol_frac = np.array([mark.vol_frac for mark in marks])[:, None]
    factors = np.array([each.on_forward(coin) for each in shocks])
    vol_factors = np.array([each.vol_factor_frac for each in shocks])
    vol_shifts = np.array([each.vol_shift_frac for each in shocks])
    now_ns = np.array([plain.time_ns + each.time_forward_ns for each in shocks])
    expiry_ns = np.array([each.expiry_ns for each in options], dtype=np.int64)[:, None]
    window_ns = np.array([each.averaging_ns for each in options], dtype=np.int64)[:, None]
    left_ns = np.maximum(0, expiry_ns - now_ns)
    is_averaged = (left_ns == 0) | (left_ns < window_ns)
    open_frac = np.where(is_averaged, left_ns / np.maximum(window_ns, 1), 1.0)
    is_begun = np.broadcast_to(plain.time_ns > expiry_ns - window_ns, is_averaged.shape)
    return (
        forward_usd * factors,
        np.maximum(0.0, vol_frac * vol_factors + vol_shifts),
        left_ns / YEAR_NS,
        open_frac,
        is_begun.astype(np.float64),
    )


def _known(answer: Outcome[A]) -> A:
    """Take what the market said before: a shock moves prices, it makes none older."""
    assert not isinstance(answer, Failure), answer
    return answer


def _revalued(
    book: _Book,
    market: _Market,
    rulebook: ScanRulebook,
    coin: str,
    grid: Sequence[Cell],
    shocked: Shocked,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Give worth, delta and the most a coin counts, in coins, shape (options, shocks).

    Third of the four are the profits, shape (options, shocks, cells).
    """
    options, shape = book.options.values(), market.forward_usd.shape
    strikes = np.array([to_model(each.strike_usd) for each in options])[:, None]
    is_call = np.array([each.right == "call" for each in options], dtype=np.bool_)[:, None]
    # An average moves by what is open of it, in plain time with that part of the vol over root 3.
    average = np.where(market.open_frac < 1.0, market.open_frac / math.sqrt(3.0), 1.0)
    present = greeks(
        OptionColumns(
            forward_usd=market.forward_usd.ravel(),
            strike_usd=np.broadcast_to(strikes, shape).ravel(),
            vol_frac=(average * market.vol_frac).ravel(),
            expiry_years=market.expiry_years.ravel(),
            is_call=np.broadcast_to(is_call, shape).ravel(),
        )
    )
    worth = present.value_usd.reshape(shape) / market.forward_usd
    shocks: tuple[VolShock, ...] = ("up", "same", "down")
    vols = {
        shock: shocked(rulebook, coin, market.vol_frac, market.expiry_years, shock)
        for shock in shocks
    }
    moved = average[:, :, None] * np.stack([vols[cell.vol_shock] for cell in grid], axis=2)
    moves = np.array([to_model(cell.price_move_frac) for cell in grid])
    forwards = market.forward_usd[:, :, None] * (1.0 + market.open_frac[:, :, None] * moves)
    years = market.expiry_years[:, :, None]
    then = value_usd(forwards, strikes[:, :, None], moved, years, is_call[:, :, None]) / forwards
    most = 1.0 + then.max(axis=2, initial=0.0) + worth
    delta = market.open_frac * present.delta_forward_frac.reshape(shape)
    return worth, delta, then - worth[:, :, None], most


def _rolls(
    book: _Book, time_ns: int, rulebook: ScanRulebook, coin: str
) -> list[tuple[float, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Give each expiry's rate of the roll, and which futures and options it is charged for."""
    of_futures = [
        each.expiry_ns if isinstance(each, InverseFuture) else None
        for each in book.futures.values()
    ]
    of_options = [each.expiry_ns for each in book.options.values()]
    floor = rulebook.min_annualised_move_frac[coin]
    annual = to_model(rulebook.annualised_move_risk_frac[coin])
    rolls = []
    for expiry_ns in dict.fromkeys((*of_futures, *of_options)):
        rate = floor
        if expiry_ns is not None:
            grown = rules.roll_rate_frac(annual, years_between(time_ns, expiry_ns))
            rate = max(floor, to_exact(grown, _STEP, "up"))
        mine = [each == expiry_ns for each in of_futures]
        theirs = [each == expiry_ns for each in of_options]
        rolls.append(
            (to_model(rate), np.array(mine, dtype=np.bool_), np.array(theirs, dtype=np.bool_))
        )
    return rolls
