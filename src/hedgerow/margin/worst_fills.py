"""The worst that resting orders may lead to, by whichever rules an account has."""

from collections.abc import Mapping

from hedgerow.errors import Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.fills import COMBINATIONS_COUNT_MAX, WorstFills, search
from hedgerow.margin.records import Rulebook
from hedgerow.margin.venues import require
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["worst_fills"]


def worst_fills(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
    *,
    combinations_count_max: int = COMBINATIONS_COUNT_MAX,
) -> Outcome[WorstFills]:
    """Find the fills after which the account is nearest to being liquidated, or furthest beyond.

    How far those asked cover what may happen is told in `hedgerow.margin.fills`.

    Parameters
    ----------
    account
        With its orders; the venue may have no rule for them.
    instruments
        Terms by id, of every position and every order.
    combinations_count_max
        How many accounts may be judged before instruments are asked one after the other.

    Returns
    -------
    WorstFills or Failure
        The least equity beyond maintenance; of equals the least beyond initial, then fewer orders.
        A Failure as soon as one of the accounts that may come about has no requirement, or where
        both sides of an order's instrument are held.

    Raises
    ------
    OutOfDomain
        As `with_legs` does: an order in what is neither option nor future, or in a future held
        without an entry price.
    """
    return search(
        account,
        instruments,
        lambda after: require(after, instruments, snapshot, rulebook),
        lambda report: (
            report.requirement_maintenance_ccy - report.equity_ccy,
            report.requirement_initial_ccy - report.equity_ccy,
        ),
        combinations_count_max=combinations_count_max,
    )
