"""An episode in one row and in one row per day; page, terminal and JSON all read these."""

import math
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from itertools import groupby

from hedgerow.execution import Liquidation, Mode
from hedgerow.planning import Order
from hedgerow.reporting.days import day_of
from hedgerow.reporting.measures import nearest_distance, worst_use
from hedgerow.reporting.records import AccountDay, DailyRow, EpisodeSummary, LiquidatedAccount
from hedgerow.reporting.troubles import account_gaps, limit_troubles, undone_steps
from hedgerow.reporting.verdict import outcome_of, verdict
from hedgerow.simulation import AccountFrame, Action, Episode, Frame

__all__ = ["daily", "label", "liquidated", "proposed", "run_label", "sent", "summary"]

_LABELS: dict[Mode | None, str] = {
    None: "left alone",
    "auto": "with hedgerow",
    "propose": "proposing, nothing sent",
    "observe": "observing, nothing sent",
}

# Sent, and nobody has said what became of it (fault matrix: UNKNOWN is a state).
_UNRESOLVED = ("unknown", "acknowledged")


def label(episode: Episode) -> str:
    """What a reader calls the episode: what hedgerow was allowed to do in it.

    Where it may send nothing it has neither blame nor credit for what came.
    """
    return run_label((episode.mode or "auto") if episode.with_hedgerow else None)


def run_label(mode: Mode | None) -> str:
    """What a reader calls a run in which hedgerow may do so much; None is the desk left alone."""
    return _LABELS[mode]


def sent(episode: Episode) -> tuple[Action, ...]:
    """Actions that left the house, as opposed to those that were only proposed."""
    return tuple(action for action in episode.actions if action.status != "proposed")


def proposed(episode: Episode) -> tuple[Action, ...]:
    """Actions that were proposed and never sent."""
    return tuple(action for action in episode.actions if action.status == "proposed")


def _equity_start_usd(episode: Episode) -> float | None:
    """Worth of the desk before anything happened to it; of the first frame if nobody said."""
    if episode.equity_start_usd is not None or not episode.frames:
        return episode.equity_start_usd
    return episode.frames[0].equity_usd


def _difference(end: float | None, start: float | None) -> float | None:
    return None if end is None or start is None else end - start


def liquidated(liquidations: Sequence[Liquidation]) -> tuple[LiquidatedAccount, ...]:
    """Add liquidations up by account, in the order in which accounts were first hit."""
    by_account: dict[str, list[Liquidation]] = {}
    for liquidation in sorted(liquidations, key=lambda each: each.time_ns):
        by_account.setdefault(liquidation.account_id, []).append(liquidation)
    return tuple(
        LiquidatedAccount(
            account_id=account_id,
            venue=each[0].venue,
            time_first_ns=each[0].time_ns,
            liquidations_count=len(each),
            loss_usd=sum((one.loss_usd for one in each), Decimal(0)),
        )
        for account_id, each in by_account.items()
    )


def summary(episode: Episode) -> EpisodeSummary:
    """Summarise an episode. Equity is unknown where the frame that would say it is incomplete."""
    frames = episode.frames
    hit = liquidated(episode.liquidations)
    start = _equity_start_usd(episode)
    end = frames[-1].equity_usd if frames else None
    actions = sent(episode)
    hedges = [a for a in actions if isinstance(a.leg, Order)]
    transfers = [a for a in actions if not isinstance(a.leg, Order)]
    everything = [account for frame in frames for account in frame.accounts]
    distance = nearest_distance(everything, episode.liquidations)
    gaps = account_gaps(frames)
    outcome = outcome_of(hit, gaps, frames)
    return EpisodeSummary(
        name=episode.name,
        label=label(episode),
        with_hedgerow=episode.with_hedgerow,
        mode=episode.mode,
        outcome=outcome,
        verdict=verdict(outcome, hit, gaps, frames, distance),
        time_start_ns=frames[0].time_ns if frames else None,
        time_end_ns=frames[-1].time_ns if frames else None,
        frames_count=len(frames),
        events_count=episode.events_count,
        incomplete_count=sum(1 for frame in frames if frame.missing),
        equity_start_usd=start,
        equity_end_usd=end,
        equity_lowest_usd=min(
            (e for e in (start, *(f.equity_usd for f in frames)) if e is not None), default=None
        ),
        pnl_usd=_difference(end, start),
        fees_usd=episode.fees_usd,
        funding_usd=episode.funding_usd,
        actions_count=len(actions),
        hedges_count=len(hedges),
        transfers_count=len(transfers),
        rejected_count=sum(1 for a in actions if a.status == "rejected"),
        unresolved_count=sum(1 for a in actions if a.status in _UNRESOLVED),
        proposals_count=len(proposed(episode)),
        cost_hedges_usd=math.fsum(a.cost_usd for a in hedges),
        cost_transfers_usd=math.fsum(a.cost_usd for a in transfers),
        cost_actions_usd=math.fsum(a.cost_usd for a in actions),
        liquidated=hit,
        loss_liquidation_usd=sum((one.loss_usd for one in hit), Decimal(0)),
        alerts_count=len(episode.alerts),
        undone_steps_count=undone_steps(episode.undone),
        gaps=gaps,
        limits_broken=limit_troubles(frames, "hard", episode.liquidations),
        limits_unknown=limit_troubles(frames, "unknown"),
        use=worst_use(everything, episode.liquidations),
        distance=distance,
    )


def _accounts(
    frames: Sequence[Frame], liquidations: Sequence[Liquidation]
) -> tuple[AccountDay, ...]:
    by_account: dict[str, list[AccountFrame]] = {}
    for frame in frames:
        for account in frame.accounts:
            by_account.setdefault(account.account_id, []).append(account)
    days = []
    for account_id, each in by_account.items():
        hits = [one for one in liquidations if one.account_id == account_id]
        days.append(
            AccountDay(
                account_id=account_id,
                venue=each[-1].venue,
                currency=each[-1].currency,
                confidence=each[-1].confidence,
                equity_ccy=each[-1].equity_ccy,
                requirement_ccy=each[-1].requirement_ccy,
                use=worst_use(each, hits),
                distance=nearest_distance(each, hits),
            )
        )
    return tuple(days)


def daily(episode: Episode) -> tuple[DailyRow, ...]:
    """One row per UTC day that has frames. The rows' `pnl_usd` add up to the summary's.

    What happens at midnight is of the day that ends there (`day_of`).
    """
    if not episode.frames:
        return ()
    day = partial(day_of, start_ns=episode.frames[0].time_ns)
    costs: dict[str, list[float]] = {}
    for action in sent(episode):
        costs.setdefault(day(action.time_ns), []).append(action.cost_usd)
    proposals = Counter(day(action.time_ns) for action in proposed(episode))
    hits: dict[str, list[Liquidation]] = {}
    for liquidation in episode.liquidations:
        hits.setdefault(day(liquidation.time_ns), []).append(liquidation)

    rows: list[DailyRow] = []
    before = _equity_start_usd(episode)
    for date, group in groupby(episode.frames, key=lambda frame: day(frame.time_ns)):
        frames = list(group)
        equity = frames[-1].equity_usd
        hit = hits.get(date, [])
        everything = [account for frame in frames for account in frame.accounts]
        rows.append(
            DailyRow(
                date=date,
                equity_usd=equity,
                pnl_usd=_difference(equity, before),
                use=worst_use(everything, hit),
                distance=nearest_distance(everything, hit),
                accounts=_accounts(frames, hit),
                actions_count=len(costs.get(date, ())),
                proposals_count=proposals[date],
                cost_usd=math.fsum(costs.get(date, ())),
                liquidations_count=len(hit),
                loss_liquidation_usd=sum((one.loss_usd for one in hit), Decimal(0)),
                incomplete_count=sum(1 for frame in frames if frame.missing),
            )
        )
        before = equity
    return tuple(rows)
