"""Look at a whole desk once: exposures, requirements, distances, and the limits on them.

Everything above this room that needs the state of the desk (agents, plans before and after,
reports) takes it from here, so that they cannot disagree.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure import ExposureTable, aggregate
from hedgerow.limits.judge import judge
from hedgerow.limits.records import Limit, LimitState
from hedgerow.limits.seen import Seen, account_node
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, Book, has_leverage
from hedgerow.pricing import value
from hedgerow.solvency import Distance, distance

__all__ = ["Survey", "account_node", "survey"]


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """The state of a desk at one time. Reports and distances are keyed by account node."""

    book: Book
    snapshot: Snapshot
    exposures: ExposureTable
    reports: Mapping[str, Outcome[MarginReport]]
    distances: Mapping[str, Outcome[Distance]]
    limits: tuple[LimitState, ...]

    @property
    def seen(self) -> Seen:
        """What further limits, or others in place of these, are judged by."""
        return Seen(self.book, self.snapshot, self.exposures, self.reports, self.distances)


def survey(
    book: Book,
    snapshot: Snapshot,
    rulebooks: Mapping[str, Rulebook],
    limits: Iterable[Limit],
    *,
    known: Sequence[Survey] = (),
) -> Survey:
    """Value, sum, require, measure and judge.

    Parameters
    ----------
    known
        Looks at the same market by the same rulebooks: what an account that is the same in one of
        them needs, and its distance, are taken from there.

    Accounts without a rulebook that nothing can liquidate have no requirement and no distance. An
    account that can be (`has_leverage`) and has no rulebook, whose rulebook is not among
    `rulebooks`, or whose positions were observed too long ago, has an unknown one.
    """
    instruments = book.terms
    reports: dict[str, Outcome[MarginReport]] = {}
    distances: dict[str, Outcome[Distance]] = {}
    for account in book.accounts:
        if account.rulebook is None and not has_leverage(account, instruments):
            continue
        node = account_node(account)
        same = next((each for each in known if account in each.book.accounts), None)
        if same is not None:
            assert same.snapshot is snapshot, "a look at another market tells nothing of this one"
            reports[node], distances[node] = same.reports[node], same.distances[node]
            continue
        trouble = _cannot_judge(account, snapshot, rulebooks)
        if trouble is not None:
            reports[node] = distances[node] = trouble
            continue
        assert account.rulebook is not None, "without one it could not be judged"
        rulebook = rulebooks[account.rulebook]
        reports[node] = require(account, instruments, snapshot, rulebook)
        distances[node] = distance(account, instruments, snapshot, rulebook, report=reports[node])
    exposures = aggregate(book, value(book, snapshot), snapshot)
    return Survey(
        book=book,
        snapshot=snapshot,
        exposures=exposures,
        reports=reports,
        distances=distances,
        limits=judge(limits, Seen(book, snapshot, exposures, reports, distances)),
    )


def _cannot_judge(
    account: Account, snapshot: Snapshot, rulebooks: Mapping[str, Rulebook]
) -> Failure | None:
    if account.rulebook is None:
        return Failure(
            subject=account.account_id,
            reason="missing_data",
            message="it has positions and no rulebook",
        )
    if account.rulebook not in rulebooks:
        return Failure(
            subject=account.account_id,
            reason="missing_data",
            message=f"rulebook {account.rulebook} is not at hand",
        )
    age_ns = snapshot.time_ns - account.time_observed_ns
    if age_ns > snapshot.ages.account_ns_max:
        return Failure(
            subject=account.account_id,
            reason="stale_data",
            message=f"positions are {age_ns / 1e9:.0f} s old, "
            f"the limit is {snapshot.ages.account_ns_max / 1e9:.0f} s (ages.account)",
        )
    return None
