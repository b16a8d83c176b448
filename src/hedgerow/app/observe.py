"""Turn a survey into one frame of an episode: the numbers a trader looks at."""

from typing import TypeVar

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure import ExposureTable
from hedgerow.limits import Survey, account_node
from hedgerow.portfolio import Account
from hedgerow.simulation import AccountFrame, Frame
from hedgerow.units import to_model

__all__ = ["frame"]

T = TypeVar("T")


def frame(state: Survey) -> Frame:
    """Give the frame of a surveyed desk; whatever is unknown stays None."""
    snapshot = state.snapshot
    exposures = state.exposures
    desk = exposures.row("desk")
    assert not isinstance(desk, Failure), "every table has a row for the desk"
    prices: dict[str, float] = {}
    for coin in sorted(set(snapshot.indices) - set(snapshot.dollars_usd)):
        spot = snapshot.spot_usd(coin)
        if not isinstance(spot, Failure):
            prices[coin] = to_model(spot)
    rows = {row.node.removeprefix("coin/"): row for row in exposures.coins()}
    shown = {"desk": desk, **{coin: row for coin, row in rows.items() if coin in prices}}
    return Frame(
        time_ns=snapshot.time_ns,
        prices_usd=prices,
        equity_usd=None if desk.missing else desk.value_usd,
        exposures={name: row for name, row in shown.items() if not row.missing},
        accounts=tuple(
            _account(account, state)
            for account in state.book.accounts
            if account_node(account) in state.reports
        ),
        limits=state.limits,
        missing=tuple(sorted({failure.message for failure in _failures(state)})),
        option_age_ns_max=exposures.option_age_ns_max,
    )


def _account(account: Account, state: Survey) -> AccountFrame:
    node = account_node(account)
    report = _known(state.reports[node])
    distance = _known(state.distances[node])
    return AccountFrame(
        account_id=account.account_id,
        venue=account.venue,
        currency=account.currency if report is None else report.currency,
        equity_usd=_value_usd(state.exposures, node),
        equity_ccy=None if report is None else to_model(report.equity_ccy),
        requirement_ccy=None if report is None else to_model(report.requirement_maintenance_ccy),
        confidence="unknown" if report is None else report.confidence,
        distance_down_frac=None if distance is None else distance.down_frac,
        distance_up_frac=None if distance is None else distance.up_frac,
        is_distance_known=distance is not None,
    )


def _known(outcome: Outcome[T]) -> T | None:
    return None if isinstance(outcome, Failure) else outcome


def _value_usd(exposures: ExposureTable, node: str) -> float | None:
    row = exposures.row(node)
    if isinstance(row, Failure):
        return 0.0  # the account holds nothing at all, which is known
    return None if row.missing else row.value_usd


def _failures(state: Survey) -> list[Failure]:
    desk = state.exposures.row("desk")
    missing = [] if isinstance(desk, Failure) else list(desk.missing)
    for outcome in (*state.reports.values(), *state.distances.values()):
        if isinstance(outcome, Failure):
            missing.append(outcome)
    return missing
