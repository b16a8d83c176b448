"""Contract values with holdings: one pass over the sparse book, summed up the tree.

A holding's profit is quantity · (unit - unit at entry). Its coins are those of its own underlying
plus those of the settlement asset it is counted in: a coin-settled profit moves with the coin.
"""

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.exposure.nodes import node_order
from hedgerow.exposure.records import ExposureTable
from hedgerow.exposure.sums import Part, Sums, row_of, summed
from hedgerow.instruments import (
    Instrument,
    StakedCoin,
    expiry_of,
    has_entry,
    is_asset_holding,
    settlement_of,
    underlying_of,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, Book
from hedgerow.pricing import GREEKS, VOL_REGIME, DollarGreeks, Values, unit_ccy
from hedgerow.units import SECOND_NS, date_utc, to_exact, to_model

__all__ = ["aggregate", "entry_unit_ccy", "node_places", "of_any_coin", "parts_of"]

_ENTRY_STEP = Decimal("1e-10")


def aggregate(book: Book, values: Values, snapshot: Snapshot) -> ExposureTable:
    """Sum values over the tree.

    Returns
    -------
    ExposureTable
        Parents before children, by path. What has no value, a coin whose spot is unknown and a
        future whose entry nobody reported are named in `missing` of every node above them and of
        the coins they move with. Positions observed too long ago stay in the sums and are named
        there too.
    """
    held = parts_of(book, values, snapshot)
    nodes = {"desk": Sums()} | summed(held, snapshot, node_places)
    # A token nobody priced may be a wrapped coin: no coin's delta is then known to be complete.
    unplaced = of_any_coin(held, book, snapshot)
    for node, sums in nodes.items():
        if node.startswith("coin/") and node.removeprefix("coin/") not in snapshot.dollars_usd:
            sums.missing.update(dict.fromkeys(unplaced))
    return ExposureTable(
        time_ns=snapshot.time_ns,
        rows=tuple(row_of(node, nodes[node]) for node in sorted(nodes, key=node_order)),
        option_age_ns_max=_oldest_ns(values, book),
        vol_regime=VOL_REGIME,
    )


def parts_of(book: Book, values: Values, snapshot: Snapshot) -> tuple[Part, ...]:
    """Give what every holding adds, in the order of the book."""
    row_by_instrument = {int(index): row for row, index in enumerate(values.instrument_index)}
    trouble_of = {failure.subject: failure for failure in values.missing}
    of_own, of_settled = values.greeks.table, values.settlement_greeks.table
    is_curved = np.any(of_own, axis=0).tolist()
    is_settled_curved = np.any(of_settled, axis=0).tolist()
    parts = []
    for h in range(len(book.holding_account_index)):
        account = book.accounts[book.holding_account_index[h]]
        at = int(book.holding_instrument_index[h])
        instrument = book.instruments[at]
        row = row_by_instrument.get(at)
        trouble = _no_entry(book, h) if row is not None else trouble_of[instrument.instrument_id]
        place: dict[str, Any] = {
            "account": account,
            "instrument": instrument,
            "own": _coin(instrument, snapshot),
            "settled_in": snapshot.coin_of(settlement_of(instrument)),
        }
        stale = _stale(account, snapshot)
        troubles = tuple(cause for cause in (trouble, stale) if cause is not None)
        if row is None or trouble is not None:
            parts.append(Part(**place, is_known=False, troubles=troubles))
            continue
        quantity = float(book.holding_quantity_contracts[h])
        entry = entry_unit_ccy(instrument, float(book.holding_entry_ccy[h]))
        worth_ccy = quantity * (float(values.unit_ccy[row]) - entry)
        parts.append(
            Part(
                **place | {"settled_in": values.settlement_coins[row]},
                is_known=True,
                troubles=troubles,
                value_usd=worth_ccy * float(values.settlement_price_usd[row]),
                own_delta_coin=quantity * float(values.delta_own_coin[row]),
                settled_delta_coin=worth_ccy * float(values.settlement_delta_coin_per_unit[row]),
                greeks=_scaled(of_own[:, row], quantity) if is_curved[row] else None,
                settled_greeks=(
                    _scaled(of_settled[:, row], quantity) if is_settled_curved[row] else None
                ),
                is_estimate=bool(values.is_estimate[row]),
            )
        )
    return tuple(parts)


def _scaled(greeks: NDArray[np.float64], quantity_contracts: float) -> DollarGreeks:
    """Take Greeks of one contract, in the order of `GREEKS`, to those of so many."""
    return DollarGreeks(**dict(zip(GREEKS, (quantity_contracts * greeks).tolist(), strict=True)))


def node_places(part: Part, coin: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the nodes of the tree above a holding, and those of one coin."""
    account = part.account
    above = ("desk", f"desk/{account.venue}", f"desk/{account.venue}/{account.account_id}")
    leaf = f"{above[-1]}/{coin}"
    return above, (leaf, _expiry_node(leaf, part.instrument), f"coin/{coin}")


def of_any_coin(parts: Iterable[Part], book: Book, snapshot: Snapshot) -> tuple[Failure, ...]:
    """Give the troubles of assets that may move with any coin, as nothing is known of them."""
    known = _known_coins(book, snapshot)
    return tuple(part.troubles[0] for part in parts if not part.is_known and part.own not in known)


def _oldest_ns(values: Values, book: Book) -> int | None:
    """Give the age of the oldest input that may be old: those of what expires."""
    ages = [
        int(age_ns)
        for index, age_ns in zip(values.instrument_index, values.age_ns, strict=True)
        if age_ns > 0 or expiry_of(book.instruments[index]) is not None
    ]
    return max(ages, default=None)


def _coin(instrument: Instrument, snapshot: Snapshot) -> str:
    """Name the coin an instrument moves with; a staked coin's terms know its base."""
    if isinstance(instrument, StakedCoin):
        return instrument.base
    return snapshot.coin_of(underlying_of(instrument))


def _known_coins(book: Book, snapshot: Snapshot) -> frozenset[str]:
    """List what is known to be a coin of its own, and not a token that moves with another."""
    of_terms = {
        underlying_of(instrument)
        for instrument in book.instruments
        if not is_asset_holding(instrument)
    }
    bases = {staking.base for staking in snapshot.stakings.values()}
    bases |= {terms.base for terms in book.instruments if isinstance(terms, StakedCoin)}
    listed = {*snapshot.dollars_usd, *snapshot.indices, *snapshot.movers}
    return frozenset(of_terms | bases | listed)


def _no_entry(book: Book, holding_index: int) -> Failure | None:
    """Give the reason why a holding has no profit: a future is worth nothing without its entry."""
    instrument = book.instruments[book.holding_instrument_index[holding_index]]
    if book.holding_entry_ccy[holding_index] != 0.0 or not has_entry(instrument):
        return None
    return Failure(
        subject=instrument.instrument_id,
        reason="missing_data",
        message=f"{instrument.instrument_id} has no entry price",
    )


def _stale(account: Account, snapshot: Snapshot) -> Failure | None:
    age_ns = snapshot.time_ns - account.time_observed_ns
    if age_ns <= snapshot.ages.account_ns_max:
        return None
    return Failure(
        subject=account.account_id,
        reason="stale_data",
        message=f"positions of {account.account_id} are {age_ns / SECOND_NS:.0f} s old, "
        f"the limit is {snapshot.ages.account_ns_max / SECOND_NS:.0f} s",
    )


def entry_unit_ccy(instrument: Instrument, entry_usd: float) -> float:
    """Give what one contract was worth when it was entered; nothing where nothing was."""
    if entry_usd == 0.0 or not has_entry(instrument):
        return 0.0
    # The entry came from an exact price, so the shortest decimal gives it back; averages of fills
    # have more digits than a tick.
    exact = to_exact(entry_usd, _ENTRY_STEP, "half_up")
    return to_model(unit_ccy(instrument, exact))


def _expiry_node(leaf: str, instrument: Instrument) -> str:
    expiry_ns = expiry_of(instrument)
    return f"{leaf}/{'no expiry' if expiry_ns is None else _day(expiry_ns)}"


_day = cache(date_utc)  # a chain has a thousand options and ten expiries
