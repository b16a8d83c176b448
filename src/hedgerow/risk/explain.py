"""Why a desk gained or lost what it did between two times (methods sheet, section 9).

What enters: the accounts before and after, the market at both times, and what happened between:
flows of cash and fills. What leaves: one row for every position, account, venue, coin and the desk,
whose lines and *unexplained* add up to the actual profit. What is refused: a step that does not go
forward, a shocked market, a fill or flow of an account or instrument that nobody described. A
position without a price at either end is *unknown*, and every row above it incomplete.

Of a position, what was held at the start is explained over the whole step by `taylor` or `full`,
and every fill from its price to the mark at the end. Cash counts at the price of its asset at the
end; what it is for (premium, funding, fee) stands on the position it was paid for, and on the
balance it went to stands what that balance gained by itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import fsum
from typing import Final, NamedTuple, TypeAlias, TypeVar

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.exposure.aggregate import entry_unit_ccy
from hedgerow.instruments import (
    Instrument,
    Spot,
    StakedCoin,
    expiry_of,
    has_entry,
    is_asset_holding,
    settlement_of,
    underlying_of,
)
from hedgerow.market import NO_SHOCK, Snapshot
from hedgerow.portfolio import IN_TRANSIT, Book
from hedgerow.pricing import worths
from hedgerow.risk.assets import asset_lines
from hedgerow.risk.ends import End, Held, fill_unit_ccy, over, ticks_usd
from hedgerow.risk.moves import moves, spot_move_frac
from hedgerow.risk.records import CashFlow, Explained, Fill, Marks, Method
from hedgerow.risk.revalue import Blocks, mixed, shares, subsets
from hedgerow.risk.taylor import taylor_lines
from hedgerow.risk.tree import Piece, add_up
from hedgerow.units import to_model

__all__ = ["explain"]

_FLOW_LINE: Final[Mapping[str, str]] = {
    "trade": "trades",
    "fee": "fees",
    "funding": "carry",
    "delivery": "expiries",
    "liquidation_fee": "liquidations",
    "insurance": "liquidations",
    "seized": "liquidations",
    "transit": "transfers",
    "pool": "transfers",
    "capital": "transfers",
}
_FILL_LINE: Final[Mapping[str, str]] = {
    "trade": "trades",
    "liquidation": "liquidations",
    "adl": "liquidations",
    "transfer": "transfers",
}
_Key: TypeAlias = tuple[str, str]
T = TypeVar("T")


def explain(
    before: Book,
    after: Book,
    start: Snapshot,
    end: Snapshot,
    *,
    flows: Iterable[CashFlow] = (),
    fills: Iterable[Fill] = (),
    instruments: Mapping[str, Instrument] | None = None,
    method: Method = "taylor",
    marks: Marks = "model",
) -> Explained:
    """Explain what every position and the desk gained from `start` to `end`.

    Parameters
    ----------
    before, after
        The accounts at either time; one that is in one of them alone had nothing at the other.
    flows, fills
        Everything that changed a balance or a position. What is not told stays unexplained, but for
        money on its way: no venue books that side of a transfer, so what came into `IN_TRANSIT` and
        left it is taken for a transfer whatever is told.
    instruments
        Terms, by id, of what was bought and sold again in between.
    method
        ``taylor``: by the Greeks of the start. ``full``: by revaluation, block by block.
    marks
        Whose marks the actual profit is by; both methods explain by ours.

    Raises
    ------
    OutOfDomain
        If the end is not later than the start, a market is shocked, or a fill or flow is of an
        account or instrument nobody described.
    """
    if end.time_ns <= start.time_ns:
        raise OutOfDomain("a profit is explained from a time to a later one")
    if start.shock is not NO_SHOCK or end.shock is not NO_SHOCK:
        raise OutOfDomain("a profit is explained between markets as heard, and not shocked ones")
    told = tuple(flows)
    moved = tuple(_on_the_way(before, after, told))
    step = _step(before, after, (*told, *moved), tuple(fills), instruments or {})
    ends = _Ends(step, start, end, marks)
    worths_usd = ends.revalued() if method == "full" else None
    return Explained(
        start_ns=start.time_ns,
        end_ns=end.time_ns,
        method=method,
        marks=marks,
        rows=add_up((ends.piece(key, worths_usd) for key in step.keys), method),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """What was held and what happened, by account and instrument; both books list all terms."""

    before: Book
    after: Book
    terms: Mapping[str, Instrument]
    venues: Mapping[str, str]
    keys: tuple[_Key, ...]
    flows: Mapping[_Key, list[CashFlow]]
    flows_of_assets: Mapping[_Key, list[CashFlow]]
    fills: Mapping[_Key, list[Fill]]


def _step(
    before: Book,
    after: Book,
    flows: tuple[CashFlow, ...],
    fills: tuple[Fill, ...],
    instruments: Mapping[str, Instrument],
) -> _Step:
    terms = {each.instrument_id: each for each in (*before.instruments, *after.instruments)}
    for flow in flows:
        balance = Spot(instrument_id=_balance(flow.asset), asset=flow.asset)
        terms.setdefault(balance.instrument_id, balance)
    named = [each.instrument_id for each in fills]
    named += [each.instrument_id for each in flows if each.instrument_id is not None]
    for name in named:
        if name in terms:
            continue
        if name not in instruments:
            raise OutOfDomain(f"{name} was traded and its terms are not among `instruments`")
        terms[name] = instruments[name]
    venues = {each.account_id: each.venue for each in (*before.accounts, *after.accounts)}
    keys: dict[_Key, None] = {}
    for book in (before, after):
        for account, at in zip(
            book.holding_account_index, book.holding_instrument_index, strict=True
        ):
            keys[book.accounts[account].account_id, book.instruments[at].instrument_id] = None
    by_key: dict[_Key, list[CashFlow]] = {}
    by_asset: dict[_Key, list[CashFlow]] = {}
    filled: dict[_Key, list[Fill]] = {}
    for flow in flows:
        balance_key = flow.account_id, _balance(flow.asset)
        key = flow.account_id, flow.instrument_id or balance_key[1]
        by_key.setdefault(key, []).append(flow)
        by_asset.setdefault(balance_key, []).append(flow)
        keys |= {balance_key: None, key: None}
    for fill in fills:
        _check(fill, terms[fill.instrument_id])
        key = fill.account_id, fill.instrument_id
        filled.setdefault(key, []).append(fill)
        keys[key] = None
    for account_id, _ in keys:
        if account_id not in venues:
            raise OutOfDomain(f"account {account_id} has a flow or a fill and is in neither book")
    return _Step(
        before=over(before, terms.values()),
        after=over(after, terms.values()),
        terms=terms,
        venues=venues,
        keys=tuple(keys),
        flows=by_key,
        flows_of_assets=by_asset,
        fills=filled,
    )


def _on_the_way(before: Book, after: Book, told: tuple[CashFlow, ...]) -> Iterator[CashFlow]:
    """Give what came into transit and left it, less what flows say of that already."""
    left: dict[str, Decimal] = {}
    signed = [
        (balance.asset, sign * balance.quantity_coin)
        for book, sign in ((before, -1), (after, 1))
        for account in book.accounts
        if account.account_id == IN_TRANSIT
        for balance in account.balances
    ]
    signed += [(each.asset, -each.quantity_coin) for each in told if each.account_id == IN_TRANSIT]
    for asset, quantity_coin in signed:
        left[asset] = left.get(asset, Decimal(0)) + quantity_coin
    for asset, quantity_coin in sorted(left.items()):
        if quantity_coin:
            yield CashFlow(
                account_id=IN_TRANSIT, asset=asset, quantity_coin=quantity_coin, kind="transit"
            )


def _balance(asset: str) -> str:
    return f"spot:{asset}"


def _check(fill: Fill, terms: Instrument) -> None:
    if isinstance(terms, Spot):
        raise OutOfDomain(
            f"{fill.instrument_id}: a coin that was bought is two flows of kind trade, not a fill"
        )
    if fill.kind == "transfer" and has_entry(terms):
        raise OutOfDomain(f"{fill.instrument_id}: what has an entry price is not moved in kind")


class _Unknown(Exception):
    """A figure has no answer; the failure says why."""

    def __init__(self, why: Failure) -> None:
        super().__init__(why.message)
        self.why = why


class _Moved(NamedTuple):
    """A holding to be valued in mixed markets, and what it was found to be worth in each."""

    instrument_index: int
    quantity_contracts: float
    entry_ccy: float
    worth_usd: dict[Blocks, float]


class _Ends:
    """Both ends of a step, and every position between them."""

    def __init__(self, step: _Step, start: Snapshot, end: Snapshot, marks: Marks) -> None:
        self._step = step
        self._start, self._end = End(step.before, start, marks), End(step.after, end, marks)
        self._held = self._start.held(step.before)
        self._held_on = self._end.held(step.before)
        self._held_after = self._end.held(step.after)

    def piece(
        self, key: _Key, worths_usd: Mapping[_Key, list[dict[Blocks, float]]] | None
    ) -> Piece:
        """Explain one position or balance."""
        terms = self._step.terms[key[1]]
        coin = self._coin(terms)
        stale = tuple(
            why
            for holdings in (self._held, self._held_after)
            for each in holdings.get(key, [])
            if each.part.is_known
            for why in each.part.troubles
        )
        size = max(
            abs(fsum(each.quantity_contracts for each in holdings.get(key, [])))
            for holdings in (self._held, self._held_after)
        )
        actual_usd: float | None = None
        lines: dict[str, float] | None = None
        missing = stale
        try:
            if isinstance(terms, Spot):
                actual_usd, lines = self._balance(key, terms)
            else:
                actual_usd, lines = self._position(key, terms, worths_usd)
        except _Unknown as unknown:
            missing = (unknown.why, *stale)
        return Piece(
            venue=self._step.venues[key[0]],
            account_id=key[0],
            instrument_id=key[1],
            coin=coin,
            actual_usd=actual_usd,
            lines_usd=lines,
            ticks_usd=ticks_usd(terms, size, self._end),
            move_frac=self._move_frac(key, coin),
            missing=missing,
        )

    def revalued(self) -> dict[_Key, list[dict[Blocks, float]]]:
        """Value what was held at the start in every mixed market, holding by holding."""
        start, end = self._start.snapshot, self._end.snapshot
        found: dict[_Key, list[dict[Blocks, float]]] = {
            key: [{} for _ in held] for key, held in self._held.items()
        }
        before = self._step.before
        at_start: dict[_Key, int] = {}
        rows: list[_Moved] = []
        for account, at, quantity, entry in zip(
            before.holding_account_index.tolist(),
            before.holding_instrument_index.tolist(),
            before.holding_quantity_contracts.tolist(),
            before.holding_entry_ccy.tolist(),
            strict=True,
        ):
            terms = before.instruments[at]
            key = before.accounts[account].account_id, terms.instrument_id
            place = at_start[key] = at_start.get(key, -1) + 1
            if self._held[key][place].part.is_known:
                rows.append(_Moved(at, quantity, entry_unit_ccy(terms, entry), found[key][place]))
        for moved in subsets()[1:-1]:
            there = worths(before, mixed(start, end, moved, self._step.terms.values()))
            row_of = {int(at): row for row, at in enumerate(there.instrument_index)}
            for each in rows:
                row = row_of.get(each.instrument_index)
                if row is not None:
                    more_ccy = float(there.unit_ccy[row]) - each.entry_ccy
                    gained_ccy = each.quantity_contracts * more_ccy
                    each.worth_usd[moved] = gained_ccy * float(there.settlement_price_usd[row])
        none, every = subsets()[0], subsets()[-1]
        for holdings, moved in ((self._held, none), (self._held_on, every)):
            for key, held in holdings.items():
                for one, worth_usd in zip(held, found[key], strict=True):
                    if one.part.is_known:
                        worth_usd[moved] = one.part.value_usd
        return found

    def _balance(self, key: _Key, terms: Spot) -> tuple[float, dict[str, float]]:
        lines: dict[str, float] = {}
        price_usd = _known(self._end.price_usd(terms.asset))
        elsewhere: list[float] = []
        for flow in self._step.flows_of_assets.get(key, []):
            amount_usd = to_model(flow.quantity_coin) * price_usd
            if flow.instrument_id is None or flow.instrument_id == key[1]:
                _add(lines, _FLOW_LINE[flow.kind], amount_usd)
            else:
                elsewhere.append(amount_usd)
        for each in self._held.get(key, []):
            for name, amount_usd in self._asset_lines(each, terms).items():
                _add(lines, name, amount_usd)
        actual_usd = self._gained_usd(key) - fsum(elsewhere)
        return actual_usd, lines

    def _position(
        self,
        key: _Key,
        terms: Instrument,
        worths_usd: Mapping[_Key, list[dict[Blocks, float]]] | None,
    ) -> tuple[float, dict[str, float]]:
        lines: dict[str, float] = {}
        cash: list[float] = []  # the other side of fills and of delivery
        for flow in self._step.flows.get(key, []):
            amount_usd = to_model(flow.quantity_coin) * _known(self._end.price_usd(flow.asset))
            if flow.kind in ("trade", "delivery"):
                cash.append(amount_usd)
            else:
                _add(lines, _FLOW_LINE[flow.kind], amount_usd)
        actual_usd = self._gained_usd(key) + fsum((*cash, *lines.values()))
        expiry_ns = expiry_of(terms)
        if expiry_ns is not None and expiry_ns <= self._end.snapshot.time_ns:
            # What is gone has no Greeks to be explained by: its cash less what it was worth.
            _add(lines, "expiries", self._gained_usd(key) + fsum(cash))
            return actual_usd, lines
        for at, each in enumerate(self._held.get(key, [])):
            if is_asset_holding(terms):
                found = self._asset_lines(each, terms)
            else:
                worth_usd = None if worths_usd is None else worths_usd[key][at]
                found = self._held_lines(each, self._held_on[key][at], worth_usd)
            for name, amount_usd in found.items():
                _add(lines, name, amount_usd)
        for name, amount_usd in self._fill_lines(key, terms):
            _add(lines, name, amount_usd)
        return actual_usd, lines

    def _gained_usd(self, key: _Key) -> float:
        """Give what the holdings of a key are worth at the end less what they were worth."""
        worth_usd = [-_known(self._start.worth_usd(each)) for each in self._held.get(key, [])]
        worth_usd += [_known(self._end.worth_usd(each)) for each in self._held_after.get(key, [])]
        return fsum(worth_usd)

    def _asset_lines(self, held: Held, terms: Instrument) -> dict[str, float]:
        assert is_asset_holding(terms)
        name = terms.instrument_id
        units = _known(self._start.unit_ccy(name)), _known(self._end.unit_ccy(name))
        return _known(
            asset_lines(
                terms.asset,
                held.quantity_contracts,
                units,
                self._start.snapshot,
                self._end.snapshot,
            )
        )

    def _held_lines(
        self, held: Held, held_on: Held, worth_usd: dict[Blocks, float] | None
    ) -> dict[str, float]:
        """Explain what was held all the time, by either method."""
        for each in (held, held_on):
            if not each.part.is_known:
                raise _Unknown(each.part.troubles[0])
        start, part = self._start.snapshot, held.part
        moved = _known(moves(part, start, self._end.snapshot))
        settled_usd = 0.0
        if part.settled_delta_coin:
            settled_usd = part.settled_delta_coin * to_model(
                _known(start.spot_usd(part.settled_in))
            )
        if worth_usd is None:
            return taylor_lines(part, moved, settled_usd)
        if len(worth_usd) < len(subsets()):
            raise _Unknown(
                Failure(
                    subject=part.instrument.instrument_id,
                    reason="missing_data",
                    message="has no value in a market between start and end",
                )
            )
        lines: dict[str, float] = {str(name): each for name, each in shares(worth_usd).items()}
        lines["numeraire"] = settled_usd * moved.settlement_frac
        lines["spot"] -= lines["numeraire"]
        return lines

    def _fill_lines(self, key: _Key, terms: Instrument) -> list[tuple[str, float]]:
        fills = self._step.fills.get(key, [])
        if not fills:
            return []
        price_usd = _known(self._end.price_usd(settlement_of(terms)))
        left: dict[str, Decimal] = {}
        for fill in fills:
            left[fill.kind] = left.get(fill.kind, Decimal(0)) + fill.quantity_contracts
        unit = 0.0
        # Bought and sold again, it does not matter what a contract is worth in the end.
        if any(left.values()):
            unit = _known(self._end.unit_ccy(key[1])) + self._end.gap_ccy(terms)
        return [
            (
                _FILL_LINE[fill.kind],
                to_model(fill.quantity_contracts)
                * (unit - (fill_unit_ccy(terms, fill) if fill.price_ccy is not None else 0.0))
                * price_usd,
            )
            for fill in fills
        ]

    def _coin(self, terms: Instrument) -> str:
        if isinstance(terms, StakedCoin):
            return terms.base
        return self._end.snapshot.coin_of(underlying_of(terms))

    def _move_frac(self, key: _Key, coin: str) -> float | None:
        start, end = self._start.snapshot, self._end.snapshot
        found = spot_move_frac(coin, start, end)
        if found is not None or key not in self._held:
            return found
        part = self._held[key][0].part
        moved = moves(part, start, end) if part.is_known else None
        return None if moved is None or isinstance(moved, Failure) else moved.spot_frac


def _known(found: Outcome[T]) -> T:
    if isinstance(found, Failure):
        raise _Unknown(found)
    return found


def _add(lines_usd: dict[str, float], name: str, amount_usd: float) -> None:
    lines_usd[name] = lines_usd.get(name, 0.0) + amount_usd
