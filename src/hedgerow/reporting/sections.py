"""The parts of the page that are words and tables, one function each."""

from collections.abc import Sequence
from html import escape

from hedgerow.limits import METRICS
from hedgerow.planning import Order, Swap, Switch
from hedgerow.reporting.figures import (
    UNKNOWN,
    amount,
    clock,
    percent,
    quantity,
    usd,
    usd_all,
)
from hedgerow.reporting.findings import findings
from hedgerow.reporting.headline import DAILY_HEAD, daily_texts, headlines, requirement_texts
from hedgerow.reporting.marks import action_id, run_key
from hedgerow.reporting.markup import Cell, badge, cell, items, number, table
from hedgerow.reporting.measures import is_exhausted, use_frac
from hedgerow.reporting.records import EpisodeSummary
from hedgerow.reporting.summary import label, proposed, summary
from hedgerow.reporting.wording import RANGE_NOTE, limit_now, limit_value, worst_first
from hedgerow.simulation import AccountFrame, Episode

__all__ = [
    "accounts_table",
    "actions_table",
    "alerts_list",
    "comparison_table",
    "daily_table",
    "findings_tables",
    "limits_table",
    "liquidations_table",
    "outcome_style",
    "verdict_cards",
]


def _period(row: EpisodeSummary) -> str:
    if row.time_start_ns is None or row.time_end_ns is None:
        return UNKNOWN
    return f"{clock(row.time_start_ns)} to {clock(row.time_end_ns)}"


def outcome_style(row: EpisodeSummary) -> str:
    """The class of a badge or a card: green only for those who are known to have survived."""
    return {"liquidated": "liquidated", "survived": "survived"}.get(row.outcome, "unknown")


def findings_tables(episode: Episode) -> str:
    """Limits broken or unknown at any time and what was left undone; nothing where nothing was."""
    return "".join(
        f"<h4>{escape(found.title)}</h4>\n"
        + table(
            [(name, unit) for name, unit, _ in found.head],
            [
                ("", [
                    cell(text, "reason" if name == "Why" else "num" if is_number else "")
                    for text, (name, _, is_number) in zip(texts, found.head, strict=True)
                ])
                for texts in found.rows
            ],
            caption=f"{found.title}, {label(episode)}", style="long",
        )
        for found in findings(episode, summary(episode))
    )  # fmt: skip


def _big(name: str, unit: str, text: str) -> str:
    unit = f" <small>{unit}</small>" if unit else ""
    return f"<div><dt>{escape(name)}{unit}</dt><dd>{escape(text)}</dd></div>"


def verdict_cards(episodes: Sequence[Episode]) -> str:
    """One card per episode: the verdict in a sentence, equity at the end and P&L in large."""
    cards = []
    for episode in episodes:
        row = summary(episode)
        style = outcome_style(row)
        cards.append(
            f'<article class="card {style}" data-run="{run_key(episode)}">'
            f"<h3>{escape(label(episode))} {badge(row.outcome, style)}</h3>"
            f'<p class="verdict">{escape(row.verdict)}</p><dl class="big">'
            + _big("Final equity", "USD", usd(row.equity_end_usd))
            + _big("P&L", "USD", usd(row.pnl_usd, sign=True))
            + (
                _big("Proposals, nothing sent", "", f"{row.proposals_count:,}")
                if row.proposals_count and not row.actions_count
                else _big("Actions", "", f"{row.actions_count:,}")
            )
            + _big("Cost of actions", "USD", usd(row.cost_actions_usd))
            + f'</dl><p class="quiet-text">{escape(row.name)}, {_period(row)} UTC</p></article>'
        )
    return f'<div class="pair">{"".join(cards)}</div>\n'


def comparison_table(episodes: Sequence[Episode]) -> str:
    """The headline figures side by side."""
    rows = headlines([summary(episode) for episode in episodes])
    return table(
        [("Figure", ""), *((label(episode), "") for episode in episodes)],
        [
            ("", [Cell(escape(name) + (f" <small>{unit}</small>" if unit else "")),
                  *(number(text) for text in texts)])
            for name, unit, texts in rows
        ],
        caption="Headline figures", style="narrow",
    )  # fmt: skip


def daily_table(episode: Episode) -> str:
    """One row per UTC day and one for the whole run; then each account's requirement per day."""
    head, rows = requirement_texts(episode)
    has_proposals = bool(proposed(episode))
    shown = [n for n, (name, _) in enumerate(DAILY_HEAD) if has_proposals or name != "Proposals"]
    days = [[texts[n] for n in shown] for texts in daily_texts(episode)]
    return table(
        [DAILY_HEAD[n] for n in shown],
        [("", [cell(first), *map(number, rest)]) for first, *rest in days],
        caption=f"Day by day, {label(episode)}",
        style="totalled",
    ) + table(
        [(f"Requirement, {name}" if n else name, unit) for n, (name, unit) in enumerate(head)],
        [("", [cell(first), *map(number, rest)]) for first, *rest in rows],
        caption=f"Requirement of each account at the end of the day, {label(episode)}",
        style="half",
    )


_STATUS = {"filled": "good", "credited": "good", "rejected": "bad", "unknown": "warn"}


def actions_table(index: int, episode: Episode) -> str:
    """Every action, numbered as its marks on the charts."""
    rows = []
    costs = usd_all([action.cost_usd for action in episode.actions])
    for n, action in enumerate(episode.actions, start=1):
        leg = action.leg
        if isinstance(leg, Order):
            asked, verb = leg.quantity_contracts, "buy" if leg.quantity_contracts > 0 else "sell"
            kind, done = "hedge", f"{verb} {leg.instrument_id} on {leg.account_id}"
        elif isinstance(leg, Switch):
            asked, kind = action.done_contracts_or_coin, "transfer"
            done = f"switch {leg.account_id} to {leg.rulebook}"
        elif isinstance(leg, Swap):
            asked, kind = leg.quantity_coin, "transfer"
            done = f"swap {leg.asset} for {leg.asset_take} on {leg.account_id}"
        else:
            asked, kind = leg.quantity_coin, "transfer"
            done = f"{leg.use} {leg.asset}: {leg.source_account_id} to {leg.target_account_id}"
        price = UNKNOWN if isinstance(leg, Order) and action.status in _STATUS else "no price"
        if action.price_average_usd is not None:
            price = usd(action.price_average_usd)
        elif action.status in ("rejected", "proposed"):
            price = "not traded"
        partly = f" of {quantity(asked)}" if action.done_contracts_or_coin != asked else ""
        reason = escape(leg.reason)
        if action.message:
            reason += f"<br><small>venue: {escape(action.message)}</small>"
        rows.append((action_id(index, n), [
            Cell(f'<span class="number {kind}">{n}</span>'), cell(clock(action.time_ns), "when"),
            cell(done), Cell(escape(quantity(action.done_contracts_or_coin) + partly), "num"),
            Cell(escape(price), "num"), number(costs[n - 1]),
            Cell(badge(action.status, _STATUS.get(action.status, "plain"))),
            Cell(reason, "reason"),
        ]))  # fmt: skip
    if not rows:
        return "<p>No action was taken.</p>\n"
    count = len(proposed(episode))
    note = f"{count:,} {'proposal' if count == 1 else 'proposals'}, nothing sent"
    return (f"<p>{note}.</p>\n" if count else "") + table(
        [("#", ""), ("Time", "UTC"), ("What", ""), ("Quantity done", "contracts or coin"),
         ("Price", "USD"), ("Cost", "USD"), ("Status", ""), ("Why", "")],
        rows, caption=f"Actions, {label(episode)}", style="long",
    )  # fmt: skip


def liquidations_table(episode: Episode) -> str:
    """Every liquidation, in time order."""
    if not episode.liquidations:
        return "<p>No account was liquidated.</p>\n"
    return table(
        [("Time", "UTC"), ("Account", ""), ("Venue", ""), ("Penalty and slippage", "USD"),
         ("What the venue did", "")],
        [
            ("", [cell(clock(each.time_ns), "when"), cell(each.account_id), cell(each.venue),
                  number(usd(each.loss_usd)), cell(each.message, "reason")])
            for each in sorted(episode.liquidations, key=lambda each: each.time_ns)
        ],
        caption=f"Liquidations, {label(episode)}", style="long",
    )  # fmt: skip


def limits_table(episode: Episode) -> str:
    """The state of every limit in the last frame, worst first."""
    states = worst_first(episode.frames[-1].limits) if episode.frames else ()
    if not states:
        return "<p>No limits were judged.</p>\n"
    return table(
        [("Limit on", ""), ("Metric", ""), ("Rung", ""), ("Value", ""), ("Soft", ""), ("Hard", ""),
         ("Remark", "")],
        [
            ("", [cell(s.node), cell(METRICS[s.metric].title),
                  Cell(badge(s.rung, f"rung-{s.rung}")),
                  number(limit_now(s)),
                  number(limit_value(s, s.soft_frac_usd_or_coin)),
                  number(limit_value(s, s.hard_frac_usd_or_coin)), cell(s.message, "reason")])
            for s in states
        ],
        caption=f"Limits at the end, {label(episode)}",
    )  # fmt: skip


def _use_text(account: AccountFrame) -> str:
    return "no equity left" if is_exhausted(account) else percent(use_frac(account))


def _move_text(account: AccountFrame, move: float | None) -> str:
    if not account.is_distance_known:
        return UNKNOWN
    return "none in range" if move is None else percent(move, sign=True)


def accounts_table(episode: Episode) -> str:
    """Every account in the last frame, with how far its figures can be trusted."""
    if not episode.frames:
        return "<p>No frames.</p>\n"
    accounts = episode.frames[-1].accounts
    worths = usd_all([account.equity_usd for account in accounts])
    hit = {each.account_id for each in episode.liquidations}
    return table(
        [("Account", ""), ("Venue", ""), ("Confidence", ""), ("Liquidated", ""), ("Equity", "USD"),
         ("Counted equity", "account currency"), ("Requirement", "account currency"),
         ("Use", ""), ("Fall to liquidation", ""), ("Rise to liquidation", "")],
        [
            ("", [
                cell(a.account_id), cell(a.venue),
                Cell(badge(a.confidence, f"conf-{a.confidence}")),
                Cell(badge("liquidated", "bad") if a.account_id in hit else "no"),
                number(worth),
                number(_named(a.equity_ccy, a.currency)),
                number(_named(a.requirement_ccy, a.currency)), number(_use_text(a)),
                Cell(escape(_move_text(a, a.distance_down_frac)), "num"),
                Cell(escape(_move_text(a, a.distance_up_frac)), "num"),
            ])
            for a, worth in zip(accounts, worths, strict=True)
        ],
        caption=f"Accounts at the end, {label(episode)}",
    ) + f'<p class="quiet-text">{RANGE_NOTE}</p>\n'  # fmt: skip


def _named(value: float | None, currency: str) -> str:
    return UNKNOWN if value is None else f"{amount(value, currency)} {currency}"


def alerts_list(episode: Episode) -> str:
    """Every alert, in the order in which it was raised."""
    return items(episode.alerts, none="No alert was raised.")
