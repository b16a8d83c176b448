"""How near accounts came to their liquidation: asked of the venue's own rules at every look.

A `Nearest` is shown the desk at every look of a run and keeps, account by account, the one with the
most of its equity used. How far a price or a peg then still had to go is searched afterwards, once.
An account that could not be judged at a look is counted, and never taken as safe.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hedgerow.errors import Failure
from hedgerow.execution import Liquidation, View
from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook, require
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, has_leverage
from hedgerow.reporting.nearest import NearestBreach
from hedgerow.solvency import Direction, frontier, ways_of
from hedgerow.units import to_model

__all__ = ["Nearest"]


@dataclass(slots=True, eq=False)
class _Kept:
    """The worst look of one account so far, and how often it was judged."""

    use_frac: float = -1.0
    worst: tuple[Account, Snapshot, Rulebook] | None = None
    looks_count: int = 0
    unknown_count: int = 0


@dataclass(slots=True, eq=False)
class Nearest:
    """What it remembers of every account that a venue may liquidate."""

    _kept: dict[str, _Kept] = field(default_factory=dict)
    _terms: dict[str, Instrument] = field(default_factory=dict)

    def look(self, view: View) -> dict[str, float]:
        """Judge every account; remember the ones that never stood nearer.

        Returns
        -------
        dict
            Use by account, infinite where no equity is left; without those that are unknown.
        """
        uses: dict[str, float] = {}
        self._terms |= view.book.terms
        for account in view.book.accounts:
            if account.rulebook is None and not has_leverage(account, view.book.terms):
                continue
            kept = self._kept.setdefault(account.account_id, _Kept())
            kept.looks_count += 1
            if account.rulebook is None:
                kept.unknown_count += 1
                continue
            rulebook = view.rulebooks[account.rulebook]
            report = require(account, view.book.terms, view.snapshot, rulebook)
            if isinstance(report, Failure):
                kept.unknown_count += 1
                continue
            use = report.use_frac
            used = float("inf") if use is None else to_model(use)
            uses[account.account_id] = used
            if used > kept.use_frac:
                kept.use_frac, kept.worst = used, (account, view.snapshot, rulebook)
        return uses

    @property
    def most_frac(self) -> float:
        """The most that any account ever used; minus one where nothing was judged."""
        return max((each.use_frac for each in self._kept.values()), default=-1.0)

    def found(self, liquidated: Sequence[Liquidation]) -> tuple[NearestBreach, ...]:
        """Give each account's worst look, with how far off the breach was."""
        return tuple(self._of_each(liquidated))

    def _of_each(self, liquidated: Sequence[Liquidation]) -> Iterator[NearestBreach]:
        for account_id, kept in self._kept.items():
            hit = [each.time_ns for each in liquidated if each.account_id == account_id]
            if kept.worst is None:
                yield NearestBreach(
                    account_id=account_id,
                    time_ns=None,
                    use_frac=None,
                    way=None,
                    move_frac=None,
                    looks_count=kept.looks_count,
                    unknown_count=kept.unknown_count,
                    liquidated_count=len(hit),
                    first_ns=min(hit, default=None),
                )
                continue
            account, snapshot, rulebook = kept.worst
            way, move_frac = _nearest_way(account, self._terms, snapshot, rulebook)
            yield NearestBreach(
                account_id=account_id,
                time_ns=snapshot.time_ns,
                use_frac=None if kept.use_frac == float("inf") else kept.use_frac,
                way=way,
                move_frac=move_frac,
                looks_count=kept.looks_count,
                unknown_count=kept.unknown_count,
                liquidated_count=len(hit),
                first_ns=min(hit, default=None),
            )


def _nearest_way(
    account: Account, terms: dict[str, Instrument], snapshot: Snapshot, rulebook: Rulebook
) -> tuple[str | None, float | None]:
    """Search along prices and pegs of staked tokens for the nearest breach."""
    moves: list[tuple[float, str, float]] = []
    for way in ways_of(account, terms, snapshot, {}):
        if not _is_looked_at(way, snapshot):
            continue
        found = frontier(account, terms, snapshot, rulebook, way)
        if isinstance(found, Failure):
            continue
        name = "spot" if way.kind == "spot" else f"peg of {', '.join(way.beta_frac)}"
        if found.is_liquidatable:
            return name, 0.0
        moves += [(abs(at), name, at) for at in (found.down, found.up) if at is not None]
    if not moves:
        return None, None
    _, name, at = min(moves)
    return name, at


def _is_looked_at(way: Direction, snapshot: Snapshot) -> bool:
    """Dollars stand still here."""
    return way.kind == "spot" or (
        way.kind == "peg" and not any(each in snapshot.dollars_usd for each in way.beta_frac)
    )
