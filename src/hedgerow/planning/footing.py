"""How every move changes what each account has to spare under each shock it shall stand.

Each move is done alone, at a size of its own, to the account it touches, and the account's own
rules are asked under every shock (`margin.require_across`: the model where the venue has one, else
exactly). The differences are slopes, one for each way a move may go. Moves that offset each other
in one account spare more than their slopes say; so a plan is done exactly afterwards, and what it
was out by is put into the rows (`corrected`) before it is solved again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.limits import account_node
from hedgerow.margin import Rulebook, require_across
from hedgerow.market import Shock, Snapshot
from hedgerow.planning.wants import KEPT_FRAC, Demand
from hedgerow.portfolio import Account
from hedgerow.solving import Shadow, Uses

__all__ = ["Footing", "Touch", "footing", "spare_ccy"]

Floats = NDArray[np.float64]

# So much of what it is compared with is nothing: whole lots shall not turn on a last bit.
_LEFT_OF_ZERO_FRAC = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Touch:
    """An account after one move alone, `amount` of it: bought or moved where positive.

    `is_arrival` marks what comes from another account and is not there yet.
    """

    decision_index: int
    account: Account
    amount: float
    is_arrival: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Footing:
    """Demands that could be judged, as rows of what moves use up; and those that could not.

    `spare_ccy` is what each demand has to spare as things stand. What an account already lacks of
    its initial requirement, or of what it keeps today, is allowed it (`allowed_ccy`): it may trade
    as long as it lacks no more.
    `barred_index` are moves whose effect on some account is not known, with the way they go: up
    where True.
    """

    demands: tuple[Demand, ...]
    spare_ccy: Floats
    up_ccy_per_amount: Floats
    down_ccy_per_amount: Floats
    scale_ccy: Floats
    allowed_ccy: Floats
    barred_index: tuple[tuple[int, bool], ...]
    unknown: tuple[Failure, ...]

    def part(self) -> Uses:
        """Write it as a part of a programme."""
        return Uses(
            names=tuple(each.name for each in self.demands),
            up_figure_per_amount=-self.up_ccy_per_amount,
            down_figure_per_amount=np.maximum(-self.down_ccy_per_amount, self.up_ccy_per_amount),
            figure_max=self.spare_ccy + self.allowed_ccy + _LEFT_OF_ZERO_FRAC * self.scale_ccy,
            scale_figure=self.scale_ccy * np.array([_gives_frac(each) for each in self.demands]),
        )

    def after_ccy(self, amounts: Floats) -> Floats:
        """Foretell what each demand has to spare after a plan."""
        up, down = np.maximum(amounts, 0.0), np.maximum(-amounts, 0.0)
        return np.asarray(
            self.spare_ccy + self.up_ccy_per_amount @ up + self.down_ccy_per_amount @ down
        )

    def binds(self, shadows: Sequence[Shadow]) -> NDArray[np.bool_]:
        """Say which demands had a price in an answer."""
        priced = {each.name for each in shadows}
        return np.array([each.name in priced for each in self.demands], dtype=np.bool_)

    def lacks(self, exact_ccy: Floats) -> NDArray[np.bool_]:
        """Say which demands a plan leaves unmet, done exactly; what is not known is unmet too."""
        held = exact_ccy + self.allowed_ccy >= -_LEFT_OF_ZERO_FRAC * 10.0 * self.scale_ccy
        return np.asarray(~held)

    def corrected(
        self, amounts: Floats, exact_ccy: Floats, *, may_loosen: bool = True
    ) -> "Footing":
        """Shift each row by what a plan was out by when it was done exactly."""
        out_by = exact_ccy - self.after_ccy(amounts)
        known = np.isfinite(out_by) & (may_loosen | (out_by < 0.0))
        return replace(self, spare_ccy=self.spare_ccy + np.where(known, out_by, 0.0))


def footing(
    demands: Sequence[Demand],
    accounts: Mapping[str, Account],
    touches: Sequence[Touch],
    moves_count: int,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Footing:
    """Ask every account what every move does to it.

    Parameters
    ----------
    accounts
        By node, as they stand.
    """
    shape = (len(demands), moves_count)
    spare, scale = np.zeros(len(demands)), np.ones(len(demands))
    allowed = np.zeros(len(demands))
    up, down = np.zeros(shape), np.zeros(shape)
    is_known = np.ones(len(demands), dtype=np.bool_)
    barred: set[tuple[int, bool]] = set()
    unknown: list[Failure] = []
    by_node: dict[str, list[int]] = {}
    for at, demand in enumerate(demands):
        by_node.setdefault(demand.node, []).append(at)
    for node, own in by_node.items():
        touched = [each for each in touches if account_node(each.account) == node]
        asked = [accounts[node], *(each.account for each in touched)]
        found = _spare(asked, [demands[at] for at in own], snapshot, instruments, rulebooks)
        for k, at in enumerate(own):
            here = found[0][k]
            if isinstance(here, Failure):
                is_known[at] = False
                unknown.append(here)
                # Nobody knows what the account can bear, so nothing is done to it.
                barred |= {(each.decision_index, each.amount > 0) for each in touched}
                continue
            spare[at], scale[at] = here
            if demands[at].is_kept:
                allowed[at] = max(0.0, -spare[at])
            for each, row in zip(touched, found[1:], strict=True):
                there = row[k]
                if isinstance(there, Failure):
                    barred.add((each.decision_index, each.amount > 0))
                    continue
                if each.is_arrival and demands[at].is_on_the_way:
                    continue
                slope = (there[0] - here[0]) / abs(each.amount)
                (up if each.amount > 0 else down)[at, each.decision_index] += slope
    return Footing(
        demands=tuple(each for each, known in zip(demands, is_known, strict=True) if known),
        spare_ccy=spare[is_known],
        up_ccy_per_amount=up[is_known],
        down_ccy_per_amount=down[is_known],
        scale_ccy=scale[is_known],
        allowed_ccy=allowed[is_known],
        barred_index=tuple(sorted(barred)),
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _gives_frac(demand: Demand) -> float:
    """Say how readily a demand gives way where not all can hold: first what is broken anyway.

    Nothing done keeps the others; a venue refuses the order of who lacks an initial requirement.
    """
    return 1e-3 if demand.is_on_the_way else KEPT_FRAC if demand.is_kept else 1.0


def spare_ccy(
    demands: Sequence[Demand],
    accounts: Mapping[str, Account],
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Floats:
    """Give what each demand has to spare, its accounts being as they are; NaN where unknown."""
    spare = np.full(len(demands), np.nan)
    by_node: dict[str, list[int]] = {}
    for at, demand in enumerate(demands):
        by_node.setdefault(demand.node, []).append(at)
    for node, own in by_node.items():
        (row,) = _spare(
            [accounts[node]], [demands[at] for at in own], snapshot, instruments, rulebooks
        )
        for at, found in zip(own, row, strict=True):
            if not isinstance(found, Failure):
                spare[at] = found[0]
    return spare


def _spare(
    accounts: Sequence[Account],
    demands: Sequence[Demand],
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> list[list[Outcome[tuple[float, float]]]]:
    """Give for every account and demand what is to spare, and the size to compare it with."""
    shocks: list[Shock] = []
    for demand in demands:
        if demand.shock not in shocks:
            shocks.append(demand.shock)
    across = require_across(accounts, instruments, snapshot, shocks, rulebooks)
    why = {(each.account_index, each.shock_index): each.failure for each in across.unanswered}
    rows: list[list[Outcome[tuple[float, float]]]] = []
    for a in range(len(accounts)):
        row: list[Outcome[tuple[float, float]]] = []
        for demand in demands:
            s = shocks.index(demand.shock)
            if (a, s) in why:
                row.append(why[a, s])
                continue
            needs = (
                across.requirement_initial_ccy
                if demand.is_initial
                else across.requirement_maintenance_ccy
            )[a, s]
            equity, bound = across.equity_ccy[a, s], across.bound_ccy[a, s]
            to_spare = demand.use_frac * equity - needs
            # Who owes nothing has nothing to spare for a bound on what it owes.
            to_spare -= 2.0 * bound if needs > 0.0 else 0.0
            row.append((float(to_spare), float(max(abs(needs), abs(equity), 1.0))))
        rows.append(row)
    return rows
