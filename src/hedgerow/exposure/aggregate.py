"""Contract values with holdings: one pass over the sparse book, summed up the tree.

A holding's profit is quantity · (unit - unit at entry). Its coins are those of its own underlying
plus those of the settlement asset it is counted in: a coin-settled profit moves with the coin.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from math import fsum

from hedgerow.errors import Failure
from hedgerow.exposure.records import ExposureRow, ExposureTable
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
from hedgerow.pricing import Values, unit_ccy
from hedgerow.units import SECOND_NS, date_utc, to_exact, to_model

__all__ = ["aggregate"]

_ENTRY_STEP = Decimal("1e-10")


@dataclass(slots=True)
class _Sums:
    """Addends of one node; `fsum` at the end keeps totals independent of the order of holdings."""

    value_usd: list[float] = field(default_factory=list)
    delta_usd: list[float] = field(default_factory=list)
    delta_coin: list[float] = field(default_factory=list)
    delta_own_coin: list[float] = field(default_factory=list)
    gamma_usd: list[float] = field(default_factory=list)
    vega_usd: list[float] = field(default_factory=list)
    theta_usd: list[float] = field(default_factory=list)
    coins: set[str] = field(default_factory=set)
    is_estimate: bool = False
    missing: dict[Failure, None] = field(default_factory=dict)


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
    nodes: dict[str, _Sums] = {"desk": _Sums()}
    row_of = {int(index): row for row, index in enumerate(values.instrument_index)}
    trouble_of = {failure.subject: failure for failure in values.missing}
    known_coins = _known_coins(book, snapshot)
    of_any_coin: list[Failure] = []
    oldest_ns: int | None = None

    for h in range(len(book.holding_account_index)):
        account = book.accounts[book.holding_account_index[h]]
        at = int(book.holding_instrument_index[h])
        instrument = book.instruments[at]
        above = ("desk", f"desk/{account.venue}", f"desk/{account.venue}/{account.account_id}")
        own = _coin(instrument, snapshot)
        leaf = f"{above[2]}/{own}"
        row = row_of.get(at)
        trouble = _no_entry(book, h) if row is not None else trouble_of[instrument.instrument_id]
        for cause in (trouble, _stale(account, snapshot)):
            if cause is not None:
                _mark(nodes, above, instrument, snapshot, cause)
        if trouble is not None and own not in known_coins:
            of_any_coin.append(trouble)
        if row is None or trouble is not None:
            continue

        quantity = float(book.holding_quantity_contracts[h])
        entry = _entry_unit_ccy(instrument, float(book.holding_entry_ccy[h]))
        worth_ccy = quantity * (float(values.unit_ccy[row]) - entry)
        price_usd = float(values.settlement_price_usd[row])
        own_coin = quantity * float(values.delta_own_coin[row])
        settled_coin = worth_ccy * float(values.settlement_delta_coin_per_unit[row])
        settled_in = values.settlement_coins[row]

        for node in (*above, leaf, _expiry_node(leaf, instrument), f"coin/{own}"):
            sums = nodes.setdefault(node, _Sums())
            sums.value_usd.append(worth_ccy * price_usd)
            sums.vega_usd.append(quantity * float(values.vega_usd_per_volpt[row]))
            sums.theta_usd.append(quantity * float(values.theta_usd_per_day[row]))
            sums.is_estimate = sums.is_estimate or bool(values.is_estimate[row])
        gamma_coin_per_usd = quantity * float(values.gamma_coin_per_usd[row])
        _add_coin(
            nodes, above, own, own_coin, gamma_coin_per_usd, instrument, snapshot, is_own=True
        )
        _add_coin(nodes, above, settled_in, settled_coin, 0.0, instrument, snapshot, is_own=False)
        if values.age_ns[row] > 0 or expiry_of(instrument) is not None:
            oldest_ns = max(oldest_ns or 0, int(values.age_ns[row]))

    # A token nobody priced may be a wrapped coin: no coin's delta is then known to be complete.
    for node, sums in nodes.items():
        if node.startswith("coin/") and node.removeprefix("coin/") not in snapshot.dollars_usd:
            sums.missing.update(dict.fromkeys(of_any_coin))

    return ExposureTable(
        time_ns=snapshot.time_ns,
        rows=tuple(_row(node, nodes[node]) for node in sorted(nodes, key=_order)),
        option_age_ns_max=oldest_ns,
    )


def _add_coin(
    nodes: dict[str, _Sums],
    above: tuple[str, ...],
    coin: str,
    delta_coin: float,
    gamma_coin_per_usd: float,
    instrument: Instrument,
    snapshot: Snapshot,
    *,
    is_own: bool,
) -> None:
    """Add so many coins of delta to every node that holds this coin."""
    if delta_coin == 0.0 and gamma_coin_per_usd == 0.0:
        return
    leaf = f"{above[-1]}/{coin}"
    spot = snapshot.spot_usd(coin)
    leaves = (leaf, _expiry_node(leaf, instrument), f"coin/{coin}")
    # A dollar coin's delta is peg risk; on a node that joins coins it would drown everything else.
    for node in leaves if coin in snapshot.dollars_usd else (*above, *leaves):
        sums = nodes.setdefault(node, _Sums())
        if isinstance(spot, Failure):
            sums.missing[spot] = None
            continue
        spot_usd = to_model(spot)
        sums.coins.add(coin)
        sums.delta_coin.append(delta_coin)
        sums.delta_usd.append(delta_coin * spot_usd)
        # d(delta_usd) for a move of 1 %: Γ · S · (S/100).
        sums.gamma_usd.append(gamma_coin_per_usd * spot_usd * spot_usd / 100.0)
        if is_own:
            sums.delta_own_coin.append(delta_coin)


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


def _mark(
    nodes: dict[str, _Sums],
    above: tuple[str, ...],
    instrument: Instrument,
    snapshot: Snapshot,
    cause: Failure,
) -> None:
    """Name a cause on every node above a holding and on the coins it moves with or is paid in."""
    below: list[str] = []
    for coin in (_coin(instrument, snapshot), snapshot.coin_of(settlement_of(instrument))):
        leaf = f"{above[-1]}/{coin}"
        below += (leaf, _expiry_node(leaf, instrument), f"coin/{coin}")
    for node in (*above, *below):
        nodes.setdefault(node, _Sums()).missing[cause] = None


def _no_entry(book: Book, holding: int) -> Failure | None:
    """Give the reason why a holding has no profit: a future is worth nothing without its entry."""
    instrument = book.instruments[book.holding_instrument_index[holding]]
    if book.holding_entry_ccy[holding] != 0.0 or not has_entry(instrument):
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


def _entry_unit_ccy(instrument: Instrument, entry_usd: float) -> float:
    if entry_usd == 0.0 or not has_entry(instrument):
        return 0.0
    # The entry came from an exact price, so the shortest decimal gives it back; averages of fills
    # have more digits than a tick.
    exact = to_exact(entry_usd, _ENTRY_STEP, "half_up")
    return to_model(unit_ccy(instrument, exact))


def _expiry_node(leaf: str, instrument: Instrument) -> str:
    expiry_ns = expiry_of(instrument)
    return f"{leaf}/{'no expiry' if expiry_ns is None else date_utc(expiry_ns)}"


def _order(node: str) -> tuple[int, list[str]]:
    """Put the tree first, then the coins; a parent's steps are a prefix and sort before."""
    return (1 if node.startswith("coin/") else 0, node.split("/"))


def _row(node: str, sums: _Sums) -> ExposureRow:
    is_one_coin = len(sums.coins) <= 1
    return ExposureRow(
        node=node,
        value_usd=fsum(sums.value_usd),
        delta_spot_usd=fsum(sums.delta_usd),
        delta_spot_coin=fsum(sums.delta_coin) if is_one_coin else None,
        delta_premium_adjusted_coin=fsum(sums.delta_own_coin) if is_one_coin else None,
        gamma_usd_per_pct=fsum(sums.gamma_usd),
        vega_usd_per_volpt=fsum(sums.vega_usd),
        theta_usd_per_day=fsum(sums.theta_usd),
        is_estimate=sums.is_estimate,
        missing=tuple(sorted(sums.missing, key=lambda failure: (failure.subject, failure.message))),
    )
