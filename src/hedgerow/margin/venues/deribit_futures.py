"""Futures in Deribit's scan: every profit is exact, and the model's is close enough to search by.

They answer as options do (`deribit_options`): all of an account at once, one cell at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import InverseFuture, InversePerpetual, expiry_of
from hedgerow.margin.rules import deribit as rules
from hedgerow.margin.rules.deribit import Cell
from hedgerow.margin.venues.deribit_options import MODEL_STEP, Held
from hedgerow.margin.venues.deribit_rulebook import ScanRulebook
from hedgerow.market import Snapshot
from hedgerow.portfolio import Position
from hedgerow.pricing import Floats, unit_ccy
from hedgerow.units import quantise, to_model

__all__ = ["HeldFuture", "HeldFutures", "held_future"]


class HeldFuture(NamedTuple):
    """One future: what counts outside the scan, and its dollars at its mark."""

    held: Held
    size_usd: Decimal
    mark_usd: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class HeldFutures:
    """Futures of one account, as they came, in the cells of a grid.

    Attributes
    ----------
    moves_frac
        Shape (cells,): those of the grid.
    reach_frac
        How far its near cells go, and how far a future is moved in the others.
    """

    futures: Sequence[HeldFuture]
    grid: Sequence[Cell]
    moves_frac: Floats
    reach_frac: Decimal

    @property
    def held(self) -> list[Held]:
        """What counts outside the scan."""
        return [future.held for future in self.futures]

    def profits_model_ccy(self) -> Floats:
        """Give what all of them gain in every cell, close: shape (cells,)."""
        far = [cell.is_extended for cell in self.grid]
        ends = np.copysign(to_model(self.reach_frac), self.moves_frac)
        moves = np.where(far, ends, self.moves_frac)
        size_coin = sum((future.held.delta_coin for future in self.futures), Decimal(0))
        return to_model(size_coin) * moves / (1.0 + moves)

    def profits_ccy(self, at: int) -> list[Decimal]:
        """Give what each gains in one cell, rounded against the holder."""
        move = self._move_frac(at)
        profits = [rules.inverse_profit_coin(h.delta_coin, move) for h in self.held]
        return [quantise(profit, MODEL_STEP, "down") for profit in profits]

    def losses_how(self, at: int) -> list[str]:
        """Write how each loses in one cell what it does."""
        move = self._move_frac(at)
        return [f"{-size:f} / {mark:f} x {move} / {1 + move}" for _, size, mark in self.futures]

    def _move_frac(self, at: int) -> Decimal:
        cell = self.grid[at]
        return rules.future_move_frac(
            cell.price_move_frac, self.reach_frac, is_extended=cell.is_extended
        )


def held_future(
    position: Position,
    terms: InversePerpetual | InverseFuture,
    snapshot: Snapshot,
    rulebook: ScanRulebook,
) -> Outcome[HeldFuture]:
    """Take a future; a failure where its mark or its entry is not known."""
    mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
    if isinstance(mark, Failure):
        return mark
    entry = position.price_entry_ccy
    if entry is None:
        return Failure(
            subject=position.instrument_id, reason="missing_data", message="no entry price"
        )
    size_usd = position.quantity_contracts * terms.multiplier_usd_per_contract
    worth = position.quantity_contracts * (unit_ccy(terms, mark) - unit_ccy(terms, entry))
    size_coin = size_usd / mark
    written, at_mark = f"{size_coin:.12f}", f"{size_usd:f} / {mark:f}"
    held = Held(
        subject=position.instrument_id,
        expiry_ns=expiry_of(terms),
        worth_ccy=quantise(worth, MODEL_STEP, "down"),
        delta_coin=size_coin,
        how=f"{size_usd:f} x (1 / {entry:f} - 1 / {mark:f}); delta {written} = {at_mark}",
        evidence=rulebook.known("futures_scan"),
    )
    return HeldFuture(held, size_usd, mark)
