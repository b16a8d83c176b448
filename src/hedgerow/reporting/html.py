"""The report: one file that opens offline, and the same bytes for the same episodes."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.resources import files

from hedgerow.reporting.charts import chart_html
from hedgerow.reporting.figures import clock, usd
from hedgerow.reporting.marks import run_key
from hedgerow.reporting.markup import badge, definitions, items
from hedgerow.reporting.panels import (
    account_charts,
    account_ids,
    desk_chart,
    greek_charts,
    price_charts,
)
from hedgerow.reporting.sections import (
    accounts_table,
    actions_table,
    alerts_list,
    comparison_table,
    daily_table,
    findings_tables,
    limits_table,
    liquidations_table,
    outcome_style,
    verdict_cards,
)
from hedgerow.reporting.shapes import Chart
from hedgerow.reporting.summary import label, summary
from hedgerow.reporting.wording import ASSUMPTIONS_NONE, LEGEND
from hedgerow.simulation import Episode

__all__ = ["report_html"]

# Nothing may be fetched: a report holds positions, and opening it must tell nobody.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def _part(name: str) -> str:
    return files("hedgerow.reporting").joinpath(name).read_text(encoding="utf-8")


def _section(anchor: str, heading: str, *parts: str) -> str:
    return f'<section id="{anchor}"><h2>{escape(heading)}</h2>\n{"".join(parts)}</section>\n'


def _per_episode(episodes: Sequence[Episode], draw: Callable[[Episode], str]) -> str:
    """The same part for every episode, headed where there is more than one."""
    parts = []
    for episode in episodes:
        heading = f"<h3>{escape(label(episode))}</h3>" if len(episodes) > 1 else ""
        parts.append(f'<div data-run="{run_key(episode)}">{heading}{draw(episode)}</div>\n')
    return "".join(parts)


def _pair(charts: Sequence[Chart]) -> str:
    style = "pair" if len(charts) > 1 else "single"
    return f'<div class="{style}">{"".join(chart_html(chart) for chart in charts)}</div>\n'


def _header(episodes: Sequence[Episode], title: str) -> str:
    chips = []
    for episode in episodes:
        row = summary(episode)
        chips.append(
            f'<span class="chip" data-run="{run_key(episode)}">'
            f'<i class="swatch {run_key(episode)}"></i>'
            f"{escape(label(episode))} {badge(row.outcome, outcome_style(row))} "
            f"<b>{usd(row.pnl_usd, sign=True)}</b><small> USD</small></span>"
        )
    switch = ""
    if len({run_key(episode) for episode in episodes}) > 1:
        keys = [("both", "both", "true"), *((run_key(e), label(e), "false") for e in episodes)]
        switch = (
            '<div class="switch" role="group" aria-label="Show which run" hidden>'
            + "".join(
                f'<button type="button" data-show="{key}" aria-pressed="{is_on}">{text}</button>'
                for key, text, is_on in keys
            )
            + "</div>"
        )
    return (
        f'<header><div class="bar"><strong>{escape(title)}</strong>'
        f'<div class="chips">{"".join(chips)}</div>{switch}</div></header>\n'
    )


_CONTENTS = (
    ("verdict", "Verdict"), ("assumptions", "Assumptions"), ("equity", "Desk equity"),
    ("prices", "Prices"), ("accounts", "Accounts"), ("greeks", "Greeks"), ("days", "Day by day"),
    ("actions", "Actions"), ("liquidations", "Liquidations"), ("limits", "Limits"),
    ("legend", "What the numbers mean"), ("proof", "Where this comes from"),
)  # fmt: skip


def _accounts(episodes: Sequence[Episode]) -> str:
    parts = [
        "<p>Equity against requirement, in the account's own currency: the band between them is "
        "what is to spare, and an account is liquidatable where it turns red. Below it, how far "
        "all prices may move together before that happens.</p>",
        _per_episode(episodes, accounts_table),
    ]
    for n, account_id in enumerate(account_ids(episodes)):
        last = next(
            a
            for e in episodes
            for f in reversed(e.frames)
            for a in f.accounts
            if a.account_id == account_id
        )
        parts.append(
            f'<h3 class="account">{escape(account_id)} '
            f"<small>{escape(last.venue)}, {escape(last.currency)}</small> "
            f"{badge(last.confidence, f'conf-{last.confidence}')}</h3>"
        )
        parts += [_pair(row) for row in account_charts(episodes, account_id, f"account-{n}")]
    return "".join(parts)


def _assumptions(episodes: Sequence[Episode]) -> str:
    texts = dict.fromkeys(text for episode in episodes for text in episode.assumptions)
    return items(texts, none=ASSUMPTIONS_NONE)


def _proof(episodes: Sequence[Episode], journal_head: str | None, meta: Mapping[str, str]) -> str:
    pairs = [("Journal chain head", journal_head or "no journal was kept")]
    pairs += [(key, value) for key, value in meta.items()]
    for episode in episodes:
        if episode.frames:
            ends = f"{clock(episode.frames[0].time_ns)} to {clock(episode.frames[-1].time_ns)} UTC"
            pairs.append((f"Frames {label(episode)}", f"{len(episode.frames):,}, {ends}"))
    return f'<div class="proof">{definitions(pairs)}</div>'


def report_html(
    episodes: Sequence[Episode],
    *,
    title: str,
    journal_head: str | None,
    meta: Mapping[str, str],
) -> str:
    """Write the report of one episode, or of several over the same market.

    Parameters
    ----------
    episodes
        In the order in which they are to be read; without hedgerow before with it.
    title
        Heading of the page; any text.
    journal_head
        Hash of the journal's last row, by which the run can be checked; None if none was kept.
    meta
        What else to print about the run (seed, desk file, recording), in its own order.

    Returns
    -------
    str
        An HTML document that makes no request of any kind.

    Raises
    ------
    ValueError
        If there is no episode.
    """
    if not episodes:
        raise ValueError("a report needs at least one episode, was given none")
    contents = "".join(f'<a href="#{anchor}">{text}</a>' for anchor, text in _CONTENTS)
    body = [
        _section("verdict", title, verdict_cards(episodes)),
        '<div class="beside">',
        f'<div id="figures">{comparison_table(episodes)}</div>',
        _section("assumptions", "What this report assumes", _assumptions(episodes)),
        "</div>",
        _section("equity", "Desk equity", chart_html(desk_chart(episodes))),
        _section(
            "prices", "Prices, with every hedge", _pair(price_charts(episodes)),
            '<p class="quiet-text">Square marks are hedges, round ones transfers, ✕ liquidations; '
            "each leads to its row. “12+3” stands for four that lie too close to print.</p>",
        ),
        _section("accounts", "Accounts", _accounts(episodes)),
        _section("greeks", "Net Greeks of the desk", *map(_pair, greek_charts(episodes))),
        _section("days", "Day by day", _per_episode(episodes, daily_table)),
        _section(
            "actions", "Actions",
            "".join(
                f'<div data-run="{run_key(e)}"><h3>{escape(label(e))}</h3>'
                f"{actions_table(n, e)}</div>"
                for n, e in enumerate(episodes)
            ),
        ),
        _section(
            "liquidations", "Liquidations and alerts",
            _per_episode(episodes, liquidations_table),
            "<h3>Alerts</h3>", _per_episode(episodes, alerts_list),
        ),
        _section(
            "limits", "Limits at the end, and broken at any time",
            _per_episode(episodes, lambda e: limits_table(e) + findings_tables(e)),
        ),
        _section("legend", "What the numbers mean", definitions(LEGEND)),
        _section("proof", "Where this comes from", _proof(episodes, journal_head, meta)),
    ]  # fmt: skip
    return (
        '<!doctype html>\n<html lang="en" data-show="both">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="data:,">\n'
        f"<style>\n{_part('page.css')}</style>\n</head>\n<body>\n"
        f"{_header(episodes, title)}"
        f'<nav aria-label="Contents">{contents}</nav>\n<main>\n{"".join(body)}</main>\n'
        '<div id="tip" role="status" hidden></div>\n'
        f"<script>\n{_part('page.js')}</script>\n</body>\n</html>\n"
    )
