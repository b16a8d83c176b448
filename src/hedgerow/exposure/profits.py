"""What nodes gain under many shocks: every holding revalued in full, and summed where it is wanted.

The ladder and the limits on losses ask the same of a book under dozens of shocks, and of a few
nodes only. So nothing is built that they do not ask for: no tree, no Greeks. Options before their
settlement window, which are most of a large book, are valued for all shocks at once; all else, and
all options where a shock lets time pass, by `pricing.value` under each shock.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.exposure.aggregate import entry_unit_ccy, node_places, of_any_coin, parts_of
from hedgerow.exposure.nodes import ordered
from hedgerow.exposure.sums import Part
from hedgerow.instruments import Option, settlement_of
from hedgerow.market import OptionMark, Shock, Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing import value, value_usd, worths
from hedgerow.units import to_model

__all__ = ["NodeProfits", "node_profits"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class NodeProfits:
    """Item [s, n] of `profit_usd` is what node n gains under shock s, against the market as it is.

    A node with anything in `missing` is incomplete: its numbers leave that out.
    """

    nodes: tuple[str, ...]
    profit_usd: Floats
    missing: tuple[tuple[Failure, ...], ...]


def node_profits(
    book: Book, snapshot: Snapshot, shocks: Sequence[Shock], nodes: Sequence[str]
) -> NodeProfits:
    """Revalue a book under every shock, and sum what each node gains.

    Parameters
    ----------
    nodes
        Of the exposure tree, or ``coin/COIN``. One that the tree does not have gains nothing.
    """
    parts = parts_of(book, value(book, snapshot), snapshot)
    worth_usd, gone = _worths(book, snapshot, shocks)
    base_usd = np.array([part.value_usd if part.is_known else 0.0 for part in parts])
    known = np.array([part.is_known for part in parts], dtype=np.bool_)
    gained = np.where(known, worth_usd - base_usd, 0.0)
    gained[:, list(gone)] = 0.0
    row_of = {node: row for row, node in enumerate(nodes)}
    weights = np.zeros((len(parts), len(nodes)))
    missing: list[dict[Failure, None]] = [{} for _ in nodes]
    # A token nobody priced may be a wrapped coin: no coin's profit is then known to be complete.
    unplaced = of_any_coin(parts, book, snapshot)
    for node, row in row_of.items():
        if node.startswith("coin/") and node.removeprefix("coin/") not in snapshot.dollars_usd:
            missing[row].update(dict.fromkeys(unplaced))
    for at, part in enumerate(parts):
        own = [row_of[name] for name in _places(part, part.own) if name in row_of]
        weights[at, own] = 1.0
        troubles = [*part.troubles, *gone.get(at, ())]
        if troubles:
            settled = [row_of[name] for name in _places(part, part.settled_in) if name in row_of]
            for row in {*own, *settled}:
                missing[row].update(dict.fromkeys(troubles))
    return NodeProfits(
        nodes=tuple(nodes),
        profit_usd=gained @ weights,
        missing=tuple(ordered(each) for each in missing),
    )


def _places(part: Part, coin: str) -> tuple[str, ...]:
    joined, alone = node_places(part, coin)
    return (*joined, *alone)


def _worths(
    book: Book, snapshot: Snapshot, shocks: Sequence[Shock]
) -> tuple[Floats, dict[int, tuple[Failure, ...]]]:
    """Give what every holding is worth under every shock, and what has no answer under some."""
    shocked = [snapshot.shocked(shock) for shock in shocks]
    units = np.zeros((len(shocks), len(book.instruments)))
    paid_usd = np.zeros((len(shocks), len(book.instruments)))
    gone: dict[int, dict[Failure, None]] = {}
    plain = _plain_options(book, snapshot, shocks)
    if plain:
        _fill_options(units, plain, book, shocks)
    rest = [at for at in range(len(book.instruments)) if at not in plain]
    part_of_book = _only(book, rest)
    index = {part_of_book.instruments[k].instrument_id: at for k, at in enumerate(rest)}
    assets: dict[str, list[int]] = {}
    for at in plain:
        assets.setdefault(settlement_of(book.instruments[at]), []).append(at)
    for s, then in enumerate(shocked):
        found = worths(part_of_book, then)
        places = np.array(rest, dtype=np.int64)[found.instrument_index]
        units[s, places] = found.unit_ccy
        paid_usd[s, places] = found.settlement_price_usd
        for failure in found.missing:
            gone.setdefault(index[failure.subject], {})[failure] = None
        for asset, members in assets.items():
            price = then.asset(asset)
            if isinstance(price, Failure):
                for at in members:
                    gone.setdefault(at, {})[price] = None
            else:
                paid_usd[s, members] = price.price_usd
    held = book.holding_instrument_index
    entries = np.array(
        [
            entry_unit_ccy(book.instruments[at], float(entry))
            for at, entry in zip(held.tolist(), book.holding_entry_ccy.tolist(), strict=True)
        ]
    )
    worth = book.holding_quantity_contracts * (units[:, held] - entries) * paid_usd[:, held]
    lost = {h: tuple(gone[int(at)]) for h, at in enumerate(held) if int(at) in gone}
    return worth, lost


def _plain_options(
    book: Book, snapshot: Snapshot, shocks: Sequence[Shock]
) -> dict[int, OptionMark]:
    """List options whose forward and vol are all that a shock moves, by their place in the book."""
    if not shocks or any(shock.time_forward_ns for shock in shocks):
        return {}
    plain: dict[int, OptionMark] = {}
    for at, terms in enumerate(book.instruments):
        if not isinstance(terms, Option):
            continue
        mark = snapshot.option(terms)
        if isinstance(mark, Failure):
            continue
        is_before_window = mark.average_usd == mark.forward_usd and mark.vol_scale_frac == 1.0
        if is_before_window and mark.open_frac == 1.0 and mark.expiry_years > 0.0:
            plain[at] = mark
    return plain


def _fill_options(
    unit_ccy: Floats, plain: dict[int, OptionMark], book: Book, shocks: Sequence[Shock]
) -> None:
    """Value all of them under all shocks; a coin-settled one is counted in coin."""
    places = list(plain)
    terms = [book.instruments[at] for at in places]
    options = [each for each in terms if isinstance(each, Option)]
    marks = [plain[at] for at in places]
    coins = sorted({each.underlying for each in options})
    own = np.array([coins.index(each.underlying) for each in options])
    factors = np.array([[shock.on_forward(coin) for coin in coins] for shock in shocks])[:, own]
    vol = np.array([mark.vol_frac for mark in marks])
    moved = np.array([shock.vol_factor_frac for shock in shocks])[:, np.newaxis] * vol
    shifts = np.array([shock.vol_shift_frac for shock in shocks])[:, np.newaxis]
    vols = np.maximum(moved + shifts, 0.0)
    forwards = factors * np.array([mark.forward_usd for mark in marks])
    worth = value_usd(
        forwards,
        np.array([to_model(each.strike_usd) for each in options]),
        vols,
        np.array([mark.expiry_years for mark in marks]),
        np.array([each.right == "call" for each in options]),
    )
    is_coin = np.array([each.is_coin_settled for each in options])
    sizes = np.array([to_model(each.multiplier_coin_per_contract) for each in options])
    unit_ccy[:, places] = sizes * np.where(is_coin, worth / forwards, worth)


def _only(book: Book, kept_index: Sequence[int]) -> Book:
    """Give a book of some instruments and no holdings: a list of what is to be valued."""
    none = np.zeros(0, dtype=np.int64)
    return Book(
        accounts=book.accounts,
        instruments=tuple(book.instruments[at] for at in kept_index),
        holding_account_index=none,
        holding_instrument_index=none,
        holding_quantity_contracts=np.zeros(0),
        holding_entry_ccy=np.zeros(0),
    )
