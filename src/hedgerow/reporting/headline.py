"""Summary and daily figures as text, once: page and terminal print the same characters."""

from collections.abc import Sequence
from typing import NamedTuple

from hedgerow.reporting.figures import UNKNOWN, amount, plain, usd_all
from hedgerow.reporting.measures import text_distance, text_use
from hedgerow.reporting.records import DailyRow, EpisodeSummary, LimitTrouble
from hedgerow.reporting.summary import daily, summary
from hedgerow.simulation import Episode

__all__ = ["DAILY_HEAD", "Headline", "daily_texts", "headlines", "requirement_texts"]


class Headline(NamedTuple):
    """One figure of every episode: its name, its unit (or nothing) and one text per episode."""

    name: str
    unit: str
    texts: list[str]


def headlines(rows: Sequence[EpisodeSummary]) -> list[Headline]:
    """The headline figures of some episodes, side by side."""
    return [
        Headline(name, unit, texts)
        for name, unit, texts in (
            ("Liquidated accounts", "", [
                ", ".join(each.account_id for each in r.liquidated) or "none" for r in rows
            ]),
            ("Lost to liquidation", "USD", usd_all([r.loss_liquidation_usd for r in rows])),
            ("Equity at the start", "USD", usd_all([r.equity_start_usd for r in rows])),
            ("Equity at the end", "USD", usd_all([r.equity_end_usd for r in rows])),
            ("Lowest equity known", "USD", usd_all([r.equity_lowest_usd for r in rows])),
            ("P&L", "USD", usd_all([r.pnl_usd for r in rows], sign=True)),
            ("Fees paid", "USD", usd_all([r.fees_usd for r in rows])),
            ("Funding received", "USD", usd_all([r.funding_usd for r in rows], sign=True)),
            ("Actions", "", [plain(r.actions_count, 0) for r in rows]),
            ("Hedges", "", [plain(r.hedges_count, 0) for r in rows]),
            ("Cost of hedges", "USD", usd_all([r.cost_hedges_usd for r in rows])),
            ("Top-ups and transfers", "", [plain(r.transfers_count, 0) for r in rows]),
            ("Cost of top-ups", "USD", usd_all([r.cost_transfers_usd for r in rows])),
            ("Rejected actions", "", [plain(r.rejected_count, 0) for r in rows]),
            ("Unresolved actions", "", [plain(r.unresolved_count, 0) for r in rows]),
            ("Proposals, nothing sent", "", [plain(r.proposals_count, 0) for r in rows]),
            ("Steps with something undone", "", [plain(r.undone_steps_count, 0) for r in rows]),
            ("Hard limits broken", "", [_limits(r.limits_broken) for r in rows]),
            ("Limits unknown at times", "", [_limits(r.limits_unknown) for r in rows]),
            ("Worst use", "", [text_use(r.use) for r in rows]),
            ("Nearest distance", "", [text_distance(r.distance) for r in rows]),
            ("Times a use was unknown", "", [plain(r.use.unknown_count, 0) for r in rows]),
            ("Times a distance was unknown", "", [
                plain(r.distance.unknown_count, 0) for r in rows
            ]),
            ("Frames", "", [plain(r.frames_count, 0) for r in rows]),
            ("Frames with something missing", "", [plain(r.incomplete_count, 0) for r in rows]),
            ("Market events", "", [plain(r.events_count, 0) for r in rows]),
        )
        # Most runs may act and propose nothing; a row of noughts would only raise questions.
        if name != "Proposals, nothing sent" or any(r.proposals_count for r in rows)
    ]  # fmt: skip


def _limits(troubles: Sequence[LimitTrouble]) -> str:
    still = sum(1 for each in troubles if each.is_at_end)
    if not troubles:
        return "none"
    return f"{len(troubles):,}" + (f", {still:,} still at the end" if still else "")


DAILY_HEAD = (
    ("Day", "UTC"), ("Equity", "USD"), ("P&L", "USD"), ("Worst use", ""), ("Nearest distance", ""),
    ("Use unknown", "times"), ("Distance unknown", "times"), ("Actions", ""), ("Proposals", ""),
    ("Cost", "USD"), ("Liquidated", "times"), ("Lost to it", "USD"),
)  # fmt: skip


def daily_texts(episode: Episode) -> list[list[str]]:
    """One row of texts per UTC day under `DAILY_HEAD`, then one for the whole run."""
    days, whole = daily(episode), summary(episode)
    every: tuple[DailyRow | EpisodeSummary, ...] = (*days, whole)
    columns = (
        [*(day.date for day in days), "whole run"],
        usd_all([*(day.equity_usd for day in days), whole.equity_end_usd]),
        usd_all([*(day.pnl_usd for day in days), whole.pnl_usd], sign=True),
        [*(text_use(day.use) for day in days), text_use(whole.use)],
        [*(text_distance(day.distance) for day in days), text_distance(whole.distance)],
        [f"{each.use.unknown_count:,}" for each in every],
        [f"{each.distance.unknown_count:,}" for each in every],
        [f"{each.actions_count:,}" for each in every],
        [f"{each.proposals_count:,}" for each in every],
        usd_all([*(day.cost_usd for day in days), whole.cost_actions_usd]),
        [*(f"{day.liquidations_count:,}" for day in days), f"{len(episode.liquidations):,}"],
        usd_all([*(day.loss_liquidation_usd for day in days), whole.loss_liquidation_usd]),
    )
    return [list(row) for row in zip(*columns, strict=True)]


def requirement_texts(episode: Episode) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """Each account's requirement at the end of every UTC day: head (account, currency) and rows.

    Accounts that owe nothing on any day have no column.
    """
    days = daily(episode)
    owing: dict[str, str] = {}
    for day in days:
        for account in day.accounts:
            if account.requirement_ccy != 0:
                owing[account.account_id] = account.currency
    rows = []
    for day in days:
        owed = {account.account_id: account.requirement_ccy for account in day.accounts}
        texts = [
            amount(owed[account_id], currency) if account_id in owed else UNKNOWN
            for account_id, currency in owing.items()
        ]
        rows.append([day.date, *texts])
    return [("Day", "UTC"), *owing.items()], rows
