"""An episode in one row and in one row per day; page, terminal and JSON all read these."""

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

from hedgerow.execution import Liquidation
from hedgerow.planning import Order
from hedgerow.reporting.figures import clock, percent, usd
from hedgerow.reporting.measures import nearest_distance, worst_use
from hedgerow.reporting.records import AccountDay, DailyRow, EpisodeSummary, LiquidatedAccount
from hedgerow.simulation import AccountFrame, Episode, Frame
from hedgerow.units import date_utc

__all__ = ["daily", "label", "liquidated", "summary"]

# Sent, and nobody has said what became of it (fault matrix: UNKNOWN is a state).
_UNRESOLVED = ("unknown", "acknowledged")


def label(episode: Episode) -> str:
    """What a reader calls the episode."""
    return "with hedgerow" if episode.with_hedgerow else "without hedgerow"


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


def _verdict(hit: tuple[LiquidatedAccount, ...], frames: Sequence[Frame]) -> str:
    if hit:
        parts = [
            f"{one.account_id} ({one.venue}) at {clock(one.time_first_ns)} UTC"
            + (f", {one.liquidations_count} times," if one.liquidations_count > 1 else ",")
            + f" for {usd(one.loss_usd)} USD of penalty and slippage"
            for one in hit
        ]
        return "Liquidated: " + "; ".join(parts) + "."
    if not frames:
        return "Nothing happened: the episode has no frames."
    everything = [account for frame in frames for account in frame.accounts]
    distance, use = nearest_distance(everything), worst_use(everything)
    text = "Survived: no account was liquidated"
    if distance.distance_frac is not None:
        text += f"; the nearest came within {percent(abs(distance.distance_frac))} of it"
        text += f" ({distance.account_id})"
    blind = distance.unknown_count + use.unknown_count
    text += "; at times a distance or a requirement was unknown" if blind else ""
    return text + "."


def summary(episode: Episode) -> EpisodeSummary:
    """Summarise an episode. Equity is unknown where the frame that would say it is incomplete."""
    frames = episode.frames
    hit = liquidated(episode.liquidations)
    start = frames[0].equity_usd if frames else None
    end = frames[-1].equity_usd if frames else None
    hedges = [a for a in episode.actions if isinstance(a.leg, Order)]
    transfers = [a for a in episode.actions if not isinstance(a.leg, Order)]
    everything = [account for frame in frames for account in frame.accounts]
    return EpisodeSummary(
        name=episode.name,
        with_hedgerow=episode.with_hedgerow,
        verdict=_verdict(hit, frames),
        time_start_ns=frames[0].time_ns if frames else None,
        time_end_ns=frames[-1].time_ns if frames else None,
        frames_count=len(frames),
        events_count=episode.events_count,
        incomplete_count=sum(1 for frame in frames if frame.missing),
        equity_start_usd=start,
        equity_end_usd=end,
        equity_lowest_usd=min(
            (f.equity_usd for f in frames if f.equity_usd is not None), default=None
        ),
        pnl_usd=_difference(end, start),
        fees_usd=episode.fees_usd,
        funding_usd=episode.funding_usd,
        actions_count=len(episode.actions),
        hedges_count=len(hedges),
        transfers_count=len(transfers),
        rejected_count=sum(1 for a in episode.actions if a.status == "rejected"),
        unresolved_count=sum(1 for a in episode.actions if a.status in _UNRESOLVED),
        cost_hedges_usd=math.fsum(a.cost_usd for a in hedges),
        cost_transfers_usd=math.fsum(a.cost_usd for a in transfers),
        cost_actions_usd=math.fsum(a.cost_usd for a in episode.actions),
        liquidated=hit,
        loss_liquidation_usd=sum((one.loss_usd for one in hit), Decimal(0)),
        alerts_count=len(episode.alerts),
        use=worst_use(everything),
        distance=nearest_distance(everything),
    )


def _accounts(frames: Sequence[Frame]) -> tuple[AccountDay, ...]:
    by_account: dict[str, list[AccountFrame]] = {}
    for frame in frames:
        for account in frame.accounts:
            by_account.setdefault(account.account_id, []).append(account)
    return tuple(
        AccountDay(
            account_id=account_id,
            venue=each[-1].venue,
            currency=each[-1].currency,
            confidence=each[-1].confidence,
            equity_ccy=each[-1].equity_ccy,
            requirement_ccy=each[-1].requirement_ccy,
            use=worst_use(each),
            distance=nearest_distance(each),
        )
        for account_id, each in by_account.items()
    )


def daily(episode: Episode) -> tuple[DailyRow, ...]:
    """One row per UTC day that has frames. The rows' `pnl_usd` add up to the summary's."""
    actions: dict[str, list[float]] = {}
    for action in episode.actions:
        actions.setdefault(date_utc(action.time_ns), []).append(action.cost_usd)
    losses: dict[str, list[Decimal]] = {}
    for liquidation in episode.liquidations:
        losses.setdefault(date_utc(liquidation.time_ns), []).append(liquidation.loss_usd)

    rows: list[DailyRow] = []
    before = episode.frames[0].equity_usd if episode.frames else None
    for date, group in groupby(episode.frames, key=lambda frame: date_utc(frame.time_ns)):
        frames = list(group)
        equity = frames[-1].equity_usd
        everything = [account for frame in frames for account in frame.accounts]
        rows.append(
            DailyRow(
                date=date,
                equity_usd=equity,
                pnl_usd=_difference(equity, before),
                use=worst_use(everything),
                distance=nearest_distance(everything),
                accounts=_accounts(frames),
                actions_count=len(actions.get(date, ())),
                cost_usd=math.fsum(actions.get(date, ())),
                liquidations_count=len(losses.get(date, ())),
                loss_liquidation_usd=sum(losses.get(date, ()), Decimal(0)),
                incomplete_count=sum(1 for frame in frames if frame.missing),
            )
        )
        before = equity
    return tuple(rows)
