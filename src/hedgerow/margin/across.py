"""Requirements of many accounts under many shocks: by the model where it answers, else exactly.

How the two go together is told in `hedgerow.margin.model`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.model import Cells, Scanned
from hedgerow.margin.records import MarginReport, Rulebook, unsupported
from hedgerow.margin.venues import ENGINE_OF, require
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import Floats
from hedgerow.units import to_model

__all__ = [
    "AcrossShocks",
    "ByCell",
    "Path",
    "Unanswered",
    "are_cleared",
    "require_across",
]

# Who answered for an account: the model for all its cells, the engine for all, or each for some.
Path: TypeAlias = Literal["model", "mixed", "exact"]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A cell that has no answer, and why."""

    account_index: int
    shock_index: int
    failure: Failure


@dataclass(frozen=True, slots=True, eq=False)
class AcrossShocks:
    """Item [a, s] of every array is account a after shock s, in the account's margin currency.

    A cell without an answer is False in `is_answered` and named in `unanswered`; its equity is
    minus infinity and its requirements are infinite, so that whoever forgets to look sees a breach
    and never safety. `bound_ccy` is how far a cell may be from the exact engine's numbers: zero
    where `is_exact`, up to the last bit of a double. `is_liquidatable` is the engine's word there;
    where the model answers it is True within the bound of it already, and so it is without answer.
    `by_cell` is there where it was asked for and some venue scans.
    """

    equity_ccy: Floats
    requirement_maintenance_ccy: Floats
    requirement_initial_ccy: Floats
    bound_ccy: Floats
    is_liquidatable: NDArray[np.bool_]
    is_exact: NDArray[np.bool_]
    is_answered: NDArray[np.bool_]
    unanswered: tuple[Unanswered, ...]
    by_cell: "ByCell | None" = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Who answered for each account."""
        return tuple(
            "exact" if row.all() else "mixed" if row.any() else "model" for row in self.is_exact
        )


@dataclass(frozen=True, slots=True, eq=False)
class ByCell:
    """Item [a, s, c]: the initial requirement of account a after shock s, were cell c the worst.

    Minus infinity where the venue has no such cell, or no scan, or the engine answered. The
    maintenance requirement is the share `maintenance_frac` [a] of the initial one.
    """

    requirement_initial_ccy: Floats
    maintenance_frac: Floats


def require_across(
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    shocks: Sequence[Shock],
    rulebooks: Mapping[str, Rulebook],
    *,
    is_by_cell: bool = False,
) -> AcrossShocks:
    """Give what accounts have and need under each of several shocks.

    Parameters
    ----------
    instruments
        Terms by id, of every position held and every order that rests.
    snapshot
        The market; each shock goes on top of it.
    rulebooks
        By name, as accounts name them; an account whose rulebook is not among them has no answer.
    is_by_cell
        Whether requirements that are the worst of a scan are wanted cell by cell too.
    """
    snapshots = [snapshot.shocked(shock) for shock in shocks]
    cells = Cells.left(len(accounts), len(shocks))
    groups: dict[str, list[int]] = {}
    scans: list[tuple[list[int], Scanned]] = []
    for at, account in enumerate(accounts):
        if account.rulebook is not None and account.rulebook in rulebooks:
            groups.setdefault(account.rulebook, []).append(at)
    for name, members in groups.items():
        rulebook = rulebooks[name]
        engine = ENGINE_OF[type(rulebook)]
        if engine.model is None or not snapshots:
            continue
        asked = [accounts[at] for at in members]
        if is_by_cell and engine.scan is not None:
            scanned = engine.scan(asked, instruments, snapshots, rulebook)
            scans.append((members, scanned))
            found = scanned.cells
        else:
            found = engine.model(asked, instruments, snapshots, rulebook)
        cells.fill(
            members,
            equity_ccy=found.equity_ccy,
            maintenance_ccy=found.requirement_maintenance_ccy,
            initial_ccy=found.requirement_initial_ccy,
            bound_ccy=found.bound_ccy,
            is_left=np.isnan(found.bound_ccy),
        )
    maintenance, initial = cells.requirement_maintenance_ccy, cells.requirement_initial_ccy
    # Whatever is no number is no answer, wherever in a model it came from.
    is_exact = ~np.isfinite(cells.equity_ccy + maintenance + initial + cells.bound_ccy)
    may_act = ~_are_cleared(cells)
    is_answered = np.ones(is_exact.shape, dtype=np.bool_)
    unanswered = []
    for a, s in np.argwhere(is_exact).tolist():
        report = _asked(accounts[a], instruments, snapshots[s], rulebooks)
        if isinstance(report, Failure):
            unanswered.append(Unanswered(account_index=a, shock_index=s, failure=report))
            is_answered[a, s] = False
            row, may_act[a, s] = (-np.inf, np.inf, np.inf), True
        else:
            row, may_act[a, s] = _numbers(report), report.is_liquidatable
        cells.equity_ccy[a, s], maintenance[a, s], initial[a, s] = row
        cells.bound_ccy[a, s] = 0.0
    return AcrossShocks(
        equity_ccy=cells.equity_ccy,
        requirement_maintenance_ccy=maintenance,
        requirement_initial_ccy=initial,
        bound_ccy=cells.bound_ccy,
        is_liquidatable=may_act,
        is_exact=is_exact,
        is_answered=is_answered,
        unanswered=tuple(unanswered),
        by_cell=_by_cell(scans, is_exact) if scans else None,
    )


def _by_cell(scans: Sequence[tuple[Sequence[int], Scanned]], is_exact: NDArray[np.bool_]) -> ByCell:
    """Put the cells of every venue's scan side by side."""
    count = max(scanned.requirement_initial_ccy.shape[2] for _, scanned in scans)
    initial = np.full((*is_exact.shape, count), -np.inf)
    share = np.ones(len(is_exact))
    for members, scanned in scans:
        own = scanned.requirement_initial_ccy
        initial[list(members), :, : own.shape[2]] = own
        share[list(members)] = scanned.maintenance_frac
    initial[is_exact] = -np.inf
    return ByCell(initial, share)


def are_cleared(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    shocks: Sequence[Shock],
    rulebook: Rulebook,
) -> list[bool]:
    """Say after which shocks the model rules a liquidation out; the engine is never asked.

    Parameters
    ----------
    account
        One that the engine answers for as the market is.

    Returns
    -------
    list of bool
        One a shock. False where the account may be liquidated, where the model does not answer, and
        everywhere if the venue has none.
    """
    model = ENGINE_OF[type(rulebook)].model
    if model is None or not shocks:
        return [False] * len(shocks)
    snapshots = [snapshot.shocked(shock) for shock in shocks]
    cleared: list[bool] = _are_cleared(model([account], instruments, snapshots, rulebook))[
        0
    ].tolist()
    return cleared


def _are_cleared(cells: Cells) -> NDArray[np.bool_]:
    """Say where equity is enough even if it and the requirement are each off by the bound."""
    room: Floats = cells.equity_ccy - cells.requirement_maintenance_ccy
    return room >= 2.0 * cells.bound_ccy


def _asked(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebooks: Mapping[str, Rulebook],
) -> Outcome[MarginReport]:
    if account.rulebook is None or account.rulebook not in rulebooks:
        named = "names no rulebook" if account.rulebook is None else f"names {account.rulebook}"
        return unsupported(account, f"{account.account_id} {named}: there is none to judge it by")
    return require(account, instruments, snapshot, rulebooks[account.rulebook])


def _numbers(report: MarginReport) -> tuple[float, float, float]:
    return (
        to_model(report.equity_ccy),
        to_model(report.requirement_maintenance_ccy),
        to_model(report.requirement_initial_ccy),
    )
