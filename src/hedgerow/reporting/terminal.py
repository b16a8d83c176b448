"""The live view of a run, and the tables printed when it ends."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hedgerow.limits import METRICS
from hedgerow.reporting.doings import doings
from hedgerow.reporting.figures import UNKNOWN, amount, clock, duration, percent, plain, usd
from hedgerow.reporting.findings import findings
from hedgerow.reporting.greeks import shown_metrics
from hedgerow.reporting.grid import Column, grid, styled
from hedgerow.reporting.headline import DAILY_HEAD, daily_texts, headlines, requirement_texts
from hedgerow.reporting.marks import what
from hedgerow.reporting.measures import is_exhausted, use_frac
from hedgerow.reporting.summary import label, summary
from hedgerow.reporting.tables import limits_grid
from hedgerow.simulation import AccountFrame, Action, Episode, Frame

__all__ = ["render_frame", "summary_tables"]

_LAST_COUNT = 5  # actions and alerts shown
_OUTCOME_STYLES = {
    "liquidated": "red",
    "survived": "green",
    "not liquidated": "yellow",
    "unknown": "bold yellow",
}


def accounts_grid(frame: Frame) -> Group:
    head: tuple[Column, ...] = (
        ("Account", "", False), ("Venue", "", False), ("Equity", "", True),
        ("Requirement", "", True), ("", "", False), ("Use", "", True), ("Fall to liq.", "", True),
        ("Rise to liq.", "", True), ("Confidence", "", False),
    )  # fmt: skip
    return grid("Accounts", head, [_account(account) for account in frame.accounts])


def _account(account: AccountFrame) -> tuple[str, ...]:
    def move(value: float | None) -> str:
        if not account.is_distance_known:
            return UNKNOWN
        return "none in range" if value is None else percent(value, sign=True)

    use = "no equity left" if is_exhausted(account) else percent(use_frac(account))
    return (
        account.account_id,
        account.venue,
        amount(account.equity_ccy, account.currency),
        amount(account.requirement_ccy, account.currency),
        account.currency,
        use,
        move(account.distance_down_frac),
        move(account.distance_up_frac),
        account.confidence,
    )


def _greeks(frame: Frame) -> Group:
    metrics = [(name, METRICS[name]) for name in shown_metrics([frame])]
    coins = sorted(frame.exposures.keys() - {"desk"} | frame.prices_usd.keys())
    head: list[Column] = [("Net", "", False)]
    head += [(metric.title.capitalize(), metric.unit, True) for _, metric in metrics]
    rows = []
    for node in (*coins, "desk"):
        row = frame.exposures.get(node)
        texts = [plain(None if row is None else getattr(row, name), 0) for name, _ in metrics]
        rows.append((node, *texts))
    return grid("Greeks", head, rows)


def _progress(progress_frac: float, elapsed_s: float | None) -> Table:
    line = Table.grid(padding=(0, 2, 0, 0))
    done = min(max(progress_frac, 0.0), 1.0)
    texts = [f"{done * 100:.0f} %"]
    if elapsed_s is not None:
        texts.append(f"{duration(elapsed_s)} gone")
        # Before a hundredth is done the guess would jump about.
        if 0.01 <= done < 1:
            texts.append(f"about {duration(elapsed_s * (1 - done) / done)} to go")
    line.add_row(ProgressBar(total=1.0, completed=done, width=40), *map(Text, texts))
    return line


def render_frame(
    frame: Frame,
    *,
    title: str,
    progress_frac: float,
    elapsed_s: float | None = None,
    actions: Sequence[Action] = (),
    alerts: Sequence[str] = (),
) -> RenderableType:
    """Draw one frame for the terminal. Pure: the caller says how far and for how long it ran.

    Parameters
    ----------
    frame
        The desk now.
    title
        Whose run this is.
    progress_frac
        From 0 to 1.
    elapsed_s
        Seconds since the start; None leaves the estimate of what is left out.
    actions, alerts
        Everything so far; the last few are shown.
    """
    prices = "  ".join(f"{coin} {usd(price)}" for coin, price in sorted(frame.prices_usd.items()))
    head = Text.assemble(
        (title, "bold"), f"  {clock(frame.time_ns)} UTC  {prices}  desk equity ",
        styled(usd(frame.equity_usd)), " USD",
    )  # fmt: skip
    parts: list[RenderableType] = [
        head, _progress(progress_frac, elapsed_s), Text(doings(actions)), Text(),
        accounts_grid(frame), Text(), _greeks(frame),
    ]  # fmt: skip
    troubled = [state for state in frame.limits if state.rung != "calm"]
    if troubled:
        parts += [Text(), limits_grid(troubled, "Limits not calm")]
    elif frame.limits:
        parts += [Text(), Text(f"All {len(frame.limits)} limits are calm.", style="dim")]
    if frame.missing:
        parts += [Text(), Text("Missing: " + "; ".join(frame.missing[:_LAST_COUNT]), "yellow")]
    if actions:
        parts += [Text(), _actions(actions)]
    if alerts:
        parts += [Text(), Text("Alerts", "bold"), *(Text(f"  {a}") for a in alerts[-_LAST_COUNT:])]
    return Group(*parts)


def _actions(actions: Sequence[Action]) -> Group:
    head: tuple[Column, ...] = (
        ("Time", "UTC", False), ("What", "", False), ("Status", "", False), ("Cost", "USD", True),
        ("Why", "", False),
    )  # fmt: skip
    rows = [
        (clock(each.time_ns), what(each), each.status, usd(each.cost_usd), each.leg.reason)
        for each in actions[-_LAST_COUNT:]
    ]
    return grid(f"Last actions, of {len(actions):,}", head, rows)


def summary_tables(episodes: Sequence[Episode]) -> RenderableType:
    """What is printed at the end: verdicts, figures side by side, and every episode day by day."""
    rows = [summary(episode) for episode in episodes]
    parts: list[RenderableType] = []
    for episode, row in zip(episodes, rows, strict=True):
        name = Text(f"{label(episode)}: ", style="bold")
        parts.append(name.append(row.verdict, style=_OUTCOME_STYLES[row.outcome]))
    head: list[Column] = [("Figure", "", False), ("", "", False)]
    head += [(label(episode), "", True) for episode in episodes]
    parts += [
        Text(),
        grid("Summary", head, [(h.name, h.unit, *h.texts) for h in headlines(rows)]),
    ]
    for episode, row in zip(episodes, rows, strict=True):
        for found in findings(episode, row):
            parts += [Text(), grid(f"{found.title}, {row.label}", found.head, found.rows)]
    # How often something was unknown, and liquidations, stand in the summary; here room is short.
    hidden = {"Use unknown", "Distance unknown", "Liquidated"}
    if not any(row.proposals_count for row in rows):
        hidden.add("Proposals")
    shown = [n for n, (name, _) in enumerate(DAILY_HEAD) if name not in hidden]
    days: list[Column] = [(*DAILY_HEAD[n], n > 0) for n in shown]
    for episode in episodes:
        texts = [[row[n] for n in shown] for row in daily_texts(episode)]
        parts += [Text(), grid(f"Day by day, {label(episode)}", days, texts)]
        accounts, rows_owed = requirement_texts(episode)
        owed: list[Column] = [(name, unit, n > 0) for n, (name, unit) in enumerate(accounts)]
        title = f"Requirement at the end of the day, {label(episode)}"
        parts += [Text(), grid(title, owed, rows_owed)]
    return Group(*parts)
