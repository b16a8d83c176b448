"""What every demand of an account has to spare, as the account's own rules say under each shock.

Accounts and demands enter; what is to spare leaves, with the size to compare it with, and where the
rulebook of an account has a model that tells every cell of its scan, for each cell as well. The
rules are asked under every shock at once (`margin.require_across`: the model where the venue has
one, else exactly). What a model may be out by is taken off twice, for equity and requirement may
each be out by it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook, require_across
from hedgerow.market import Shock, Snapshot
from hedgerow.planning.wants import Demand
from hedgerow.portfolio import Account

__all__ = ["Spare", "by_node", "spare_by_cell", "spare_ccy"]

Floats = NDArray[np.float64]


class Spare(NamedTuple):
    """What a demand has to spare, and the size to compare it with."""

    spare_ccy: float
    scale_ccy: float


def by_node(demands: Sequence[Demand]) -> dict[str, list[int]]:
    """Say which demands, by their places, are of which account."""
    places: dict[str, list[int]] = {}
    for at, demand in enumerate(demands):
        places.setdefault(demand.node, []).append(at)
    return places


def spare_ccy(
    demands: Sequence[Demand],
    accounts: Mapping[str, Account],
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Floats:
    """Give what each demand has to spare, its accounts being as they are; NaN where unknown."""
    spare = np.full(len(demands), np.nan)
    for node, own in by_node(demands).items():
        (row,), _ = spare_by_cell(
            [accounts[node]],
            [demands[at] for at in own],
            snapshot,
            instruments,
            rulebooks,
            is_by_cell=False,
        )
        for at, found in zip(own, row, strict=True):
            if not isinstance(found, Failure):
                spare[at] = found.spare_ccy
    return spare


def spare_by_cell(
    accounts: Sequence[Account],
    demands: Sequence[Demand],
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    *,
    is_by_cell: bool,
) -> tuple[list[list[Outcome[Spare]]], Floats]:
    """Give for every account and demand what is to spare.

    The second of the two is what is to spare were each cell of a scan the worst, (accounts,
    demands, cells): infinite where there is no such cell.
    """
    shocks: list[Shock] = []
    for demand in demands:
        if demand.shock not in shocks:
            shocks.append(demand.shock)
    across = require_across(
        accounts, instruments, snapshot, shocks, rulebooks, is_by_cell=is_by_cell
    )
    by_cell = across.by_cell
    cells_count = 0 if by_cell is None else by_cell.requirement_initial_ccy.shape[2]
    cells_ccy = np.full((len(accounts), len(demands), cells_count), np.inf)
    why = {(each.account_index, each.shock_index): each.failure for each in across.unanswered}
    spares: list[list[Outcome[Spare]]] = []
    for a in range(len(accounts)):
        spares.append([])
        for k, demand in enumerate(demands):
            s = shocks.index(demand.shock)
            if (a, s) in why:
                spares[a].append(why[a, s])
                continue
            needs_ccy = (
                across.requirement_initial_ccy
                if demand.is_initial
                else across.requirement_maintenance_ccy
            )[a, s]
            equity_ccy = across.equity_ccy[a, s]
            # Twice, as `margin.are_cleared` does: equity too low by the bound, and the requirement
            # too high by it, is what may be. Who owes nothing has nothing to spare for a bound on
            # what it owes.
            margin_ccy = 2.0 * across.bound_ccy[a, s] if needs_ccy > 0.0 else 0.0
            spare_ccy = demand.use_frac * equity_ccy - needs_ccy - margin_ccy
            if by_cell is not None:
                share_frac = 1.0 if demand.is_initial else by_cell.maintenance_frac[a]
                by_cell_ccy = share_frac * by_cell.requirement_initial_ccy[a, s]
                cells_ccy[a, k] = demand.use_frac * equity_ccy - margin_ccy - by_cell_ccy
            scale_ccy = max(abs(needs_ccy), abs(equity_ccy), 1.0)
            spares[a].append(Spare(float(spare_ccy), float(scale_ccy)))
    return spares, cells_ccy
