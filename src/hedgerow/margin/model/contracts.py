"""Futures and perpetuals margined one by one, by tiers of notional: accounts by shocks at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.instruments import EntryContract, Instrument, is_inverse, slope_ccy_per_usd
from hedgerow.margin.contracts import Held, held_contracts
from hedgerow.margin.model.cells import RELATIVE, Cells, is_near, summed
from hedgerow.margin.rules.tiers import deductions
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import Floats
from hedgerow.units import to_model

__all__ = ["TierColumns", "tiered_cells"]

N = TypeVar("N", Decimal, Fraction)

# The coarsest step that a venue with tiers rounds one position's requirement to.
_STEP_CCY = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class TierColumns:
    """A table of tiers as columns, shape (tiers,); beyond `notional_ccy_max` nothing is known."""

    floor_ccy: Floats
    rate_maintenance_frac: Floats
    deduction_ccy: Floats
    rate_initial_frac: Floats
    notional_ccy_max: float = np.inf

    @classmethod
    def of(
        cls,
        floors_ccy: Sequence[N],
        rates_maintenance_frac: Sequence[N],
        rates_initial_frac: Sequence[N],
        notional_ccy_max: Decimal | None = None,
    ) -> "TierColumns":
        """Make columns of exact tiers, whose deductions are exact too."""
        taken = deductions(floors_ccy, rates_maintenance_frac)

        def column(row: Sequence[N]) -> Floats:
            return np.array([float(each) for each in row])

        return cls(
            floor_ccy=column(floors_ccy),
            rate_maintenance_frac=column(rates_maintenance_frac),
            deduction_ccy=column(taken),
            rate_initial_frac=column(rates_initial_frac),
            notional_ccy_max=np.inf if notional_ccy_max is None else to_model(notional_ccy_max),
        )

    def needs(self, notional_ccy: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Give maintenance, initial, and where the engine must be asked instead."""
        at = np.maximum(np.searchsorted(self.floor_ccy, notional_ccy) - 1, 0)
        above = np.append(self.floor_ccy, np.inf)[at + 1]
        is_left = (at > 0) & is_near(notional_ccy, self.floor_ccy[at])
        with np.errstate(invalid="ignore"):  # the last tier ends nowhere
            is_left |= np.isfinite(above) & is_near(notional_ccy, above)
        if np.isfinite(self.notional_ccy_max):
            is_left |= notional_ccy > self.notional_ccy_max
            is_left |= is_near(notional_ccy, self.notional_ccy_max)
        maintenance = notional_ccy * self.rate_maintenance_frac[at] - self.deduction_ccy[at]
        return maintenance, notional_ccy * self.rate_initial_frac[at], is_left


@dataclass(slots=True)
class _Rows:
    """What is held and what was entered, row by row; accounts that the model takes, in order."""

    account_index: list[int] = field(default_factory=list)
    balance_ccy: list[float] = field(default_factory=list)
    terms: dict[str, EntryContract] = field(default_factory=dict)
    column_index: dict[str, int] = field(default_factory=dict)
    # One item a side held: whose, of what, and how many coins (of an inverse, dollars) it is on.
    held_owner_index: list[int] = field(default_factory=list)
    held_column_index: list[int] = field(default_factory=list)
    held_ccy_per_unit: list[float] = field(default_factory=list)
    held_table: list[str] = field(default_factory=list)
    # One item a position: signed so that more of the unit is a gain.
    entry_owner_index: list[int] = field(default_factory=list)
    entry_column_index: list[int] = field(default_factory=list)
    entry_ccy_per_unit: list[float] = field(default_factory=list)
    entry_unit_ccy: list[float] = field(default_factory=list)

    def take(
        self, at: int, account: Account, held: Sequence[Held], tables: Sequence[str], asset: str
    ) -> None:
        """Add an account."""
        owner = len(self.account_index)
        self.account_index.append(at)
        self.balance_ccy.append(to_model(account.balance_coin(asset)))
        by_name = {}
        for each, table in zip(held, tables, strict=True):
            name = each.terms.instrument_id
            by_name[name] = each.terms
            self.held_owner_index.append(owner)
            self.held_column_index.append(self._column(each.terms))
            self.held_ccy_per_unit.append(
                abs(to_model(each.quantity_contracts * _slope(each.terms)))
            )
            self.held_table.append(table)
        for position in account.positions:
            terms = by_name.get(position.instrument_id)
            if terms is None:  # nothing of it is held
                continue
            entry = position.price_entry_ccy
            assert entry is not None, "held_contracts refuses a position without an entry"
            size = to_model(position.quantity_contracts * _slope(terms))
            self.entry_owner_index.append(owner)
            self.entry_column_index.append(self.column_index[position.instrument_id])
            self.entry_ccy_per_unit.append(-size if is_inverse(terms) else size)
            self.entry_unit_ccy.append(
                1.0 / to_model(entry) if is_inverse(terms) else to_model(entry)
            )

    def _column(self, terms: EntryContract) -> int:
        self.terms.setdefault(terms.instrument_id, terms)
        return self.column_index.setdefault(terms.instrument_id, len(self.column_index))

    def units_ccy(self, snapshots: Sequence[Snapshot]) -> Floats:
        """Give what a notional is counted by, shape (instruments, s): a mark, or one over it."""
        units = np.empty((len(self.terms), len(snapshots)))
        for row, terms in enumerate(self.terms.values()):
            for s, snapshot in enumerate(snapshots):
                mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
                # A shock moves prices: it makes none older.
                assert not isinstance(mark, Failure), mark
                units[row, s] = to_model(mark)
            if is_inverse(terms):
                units[row] = 1.0 / units[row]
        return units


def _slope(terms: EntryContract) -> Decimal:
    return terms.multiplier_usd_per_contract if is_inverse(terms) else slope_ccy_per_usd(terms)


def tiered_cells(
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    snapshots: Sequence[Snapshot],
    *,
    covers: Callable[[Account, Instrument], str | None],
    table_of: Callable[[EntryContract], str],
    tables: Mapping[str, TierColumns],
    asset_of: Callable[[Account], str],
) -> Cells:
    """Give what accounts of tiered contracts have and need.

    Parameters
    ----------
    covers
        As `held_contracts` asks it, of an account's instrument.
    table_of
        Names the table of tiers of a contract; one without a table is left to the engine.
    asset_of
        The one balance that counts.
    """
    cells, rows = Cells.left(len(accounts), len(snapshots)), _Rows()
    for at, account in enumerate(accounts):
        if account.orders:
            continue

        def covered(terms: Instrument, account: Account = account) -> str | None:
            return covers(account, terms)

        held = held_contracts(account, instruments, snapshots[0], covered)
        if isinstance(held, Failure):
            continue
        names = [table_of(each.terms) for each in held]
        if all(name in tables for name in names):
            rows.take(at, account, held, names, asset_of(account))
    if not rows.account_index:
        return cells
    count, units = len(rows.account_index), rows.units_ccy(snapshots)
    owner = np.array(rows.held_owner_index, dtype=np.int64)
    notional = (
        np.array(rows.held_ccy_per_unit)[:, None]
        * units[np.array(rows.held_column_index, dtype=np.int64)]
    )
    maintenance, initial = np.empty_like(notional), np.empty_like(notional)
    is_left = np.empty(notional.shape, dtype=np.bool_)
    named = np.array(rows.held_table, dtype=np.str_)
    for name in dict.fromkeys(rows.held_table):
        those = np.flatnonzero(named == name)
        maintenance[those], initial[those], is_left[those] = tables[name].needs(notional[those])

    entry_owner = np.array(rows.entry_owner_index, dtype=np.int64)
    size = np.array(rows.entry_ccy_per_unit)[:, None]
    now = size * units[np.array(rows.entry_column_index, dtype=np.int64)]
    then = size * np.array(rows.entry_unit_ccy)[:, None]
    balance = np.array(rows.balance_ccy)[:, None]
    gross = summed(np.abs(now) + np.abs(then), entry_owner, count) + np.abs(balance)
    held_count = np.bincount(owner, minlength=count)[:, None]
    cells.fill(
        rows.account_index,
        equity_ccy=balance + summed(now - then, entry_owner, count),
        maintenance_ccy=summed(maintenance, owner, count),
        initial_ccy=summed(initial, owner, count),
        bound_ccy=RELATIVE * gross + _STEP_CCY * held_count,
        is_left=summed(is_left.astype(np.float64), owner, count) > 0.0,
    )
    return cells
