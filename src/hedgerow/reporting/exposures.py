"""The answers of ``hedgerow exposure`` as tables for the terminal, one function per verb."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure
from hedgerow.exposure import (
    BucketTable,
    CrossTable,
    ExposureRow,
    ExposureTable,
    FundingTable,
    LiquidityRow,
    LiquidityTable,
)
from hedgerow.pricing import GREEKS, Greek, VolRegime
from hedgerow.reporting.figures import UNKNOWN, clock, duration, partial, percent, plain, usd_all
from hedgerow.reporting.framing import headed, note, troubles, without
from hedgerow.reporting.greeks import USUAL
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.remedies import with_remedy
from hedgerow.units import SECOND_NS

__all__ = [
    "bucket_tables",
    "cross_table",
    "exposure_table",
    "funding_table",
    "liquidity_tables",
]

_PEG_NOTE = (
    "Delta and gamma of a dollar coin, on its own rows, are peg risk. Rows that hold other coins "
    "as well leave them out, so they may differ from the sum of the rows below them. Every coin's "
    "gamma is for that coin alone moving."
)
_REGIMES: Final[dict[VolRegime, str]] = {
    "sticky_strike": "Sticky strike: when spot moves, every vol stays with its strike."
}
_PARTIAL_NOTE = (
    "A number with ? is not whole: the column of trust names what it lacks. Unknown: nothing of "
    "the figure is known."
)
_MISSING = "Missing: the totals above leave these out"


def exposure_table(
    table: ExposureTable, heading: str | None = None, *, with_higher: bool = False
) -> RenderableType:
    """The exposure tree: children are indented below their parents.

    ``with_higher`` adds a second table with rho and the Greeks of second and third order.
    """
    names = [_indented(row.node) for row in table.rows]
    trust = [_trust(row) for row in table.rows]
    parts: list[RenderableType] = [
        *headed(heading),
        _rows_grid(f"Exposure, {clock(table.time_ns)} UTC", "Node", names, table.rows, trust),
    ]
    if with_higher:
        higher = [name for name in GREEKS if name not in USUAL]
        columns = [_column(table.rows, name) for name in higher]
        head: list[Column] = [("Node", "", False), *(_head(GREEKS[name]) for name in higher)]
        title = "Rho and the Greeks of second and third order, in USD"
        parts += [Text(), grid(title, head, zip(names, *columns, strict=True))]
    parts += [note(_REGIMES[table.vol_regime]), note(_PEG_NOTE)]
    age = table.option_age_ns_max
    if age is not None:
        parts.append(note(f"Oldest option quote: {duration(age / SECOND_NS)}."))
    missing = dict.fromkeys(failure for row in table.rows for failure in row.missing)
    return Group(*parts, *_incomplete(missing))


def bucket_tables(table: BucketTable, heading: str | None = None) -> RenderableType:
    """One node twice over, by expiry and by moneyness; what adds up adds up to the last row."""
    parts: list[RenderableType] = headed(heading)
    for title, rows in (
        (f"{table.total.node} by time to expiry", table.by_expiry),
        (f"{table.total.node} by moneyness, ln(K/F) in deviations", table.by_moneyness),
    ):
        shown = (*rows, table.total)
        names = [*(row.node.replace("/", "  ", 1) for row in rows), "all"]
        trust = [_trust(row) for row in shown]
        parts += [_rows_grid(title, "Bucket", names, shown, trust), Text()]
    parts += [note(_REGIMES[table.vol_regime]), note(_PEG_NOTE)]
    return Group(*parts, *_incomplete(table.total.missing))


def cross_table(table: CrossTable, heading: str | None = None) -> RenderableType:
    """Rows: whose delta changes; columns: what moves."""
    head: list[Column] = [("Delta in", "", False)]
    head += [(f"{coin}", "+1 %", True) for coin in table.coins]
    mark = "?" if table.missing else ""
    texts = [
        f"{text}{mark}" for text in usd_all([x for row in table.cross_usd_per_pct for x in row])
    ]
    width = len(table.coins)
    rows = [(coin, *texts[n * width : (n + 1) * width]) for n, coin in enumerate(table.coins)]
    parts: list[RenderableType] = [
        *headed(heading),
        grid(
            f"{table.node}: change of dollar delta in USD, {clock(table.time_ns)} UTC", head, rows
        ),
        note("Diagonal: gamma. All of it was found by moving the market, a zero too."),
        note(_REGIMES[table.vol_regime]),
    ]
    return Group(*parts, *_incomplete(table.missing))


def funding_table(
    table: FundingTable,
    heading: str | None = None,
    remedied: Callable[[Failure], str] = with_remedy,
) -> RenderableType:
    """Funding per node at the rates last settled, and those rates; received is positive.

    `remedied` says what is missing and what to do about it, of the desk at hand.
    """
    names = [_indented(row.node) for row in table.rows]
    troubled = [bool(row.missing) for row in table.rows]
    indebted = [bool(row.interest_missing) for row in table.rows]
    either = [a or b for a, b in zip(troubled, indebted, strict=True)]
    columns = [
        _partials([row.funding_usd_per_day for row in table.rows], troubled, sign=True),
        _partials([row.funding_usd_per_day_per_bps for row in table.rows], troubled),
        _partials([row.funding_usd_per_day_per_pct for row in table.rows], troubled),
        _partials([row.interest_usd_per_day for row in table.rows], indebted, sign=True),
        _partials([row.net_usd_per_day for row in table.rows], either, sign=True),
        [without((*row.missing, *row.interest_missing)) for row in table.rows],
    ]
    head: tuple[Column, ...] = (
        ("Node", "", False), ("Funding", "USD per day", True), ("Rate", "+1 bp", True),
        ("Spot", "+1 %", True), ("Interest", "USD per day", True), ("Net", "USD per day", True),
        ("Trust", "", False),
    )  # fmt: skip
    rates = [
        (
            rate.instrument_id,
            percent(rate.funding_frac_per_interval, 4, sign=True),
            duration(rate.interval_ns / SECOND_NS),
        )
        for rate in table.rates
    ]
    rates_head: tuple[Column, ...] = (
        ("Perpetual", "", False), ("Rate", "per interval", True), ("Interval", "", True),
    )  # fmt: skip
    missing = dict.fromkeys(failure for row in table.rows for failure in row.missing)
    unknown = dict.fromkeys(failure for row in table.rows for failure in row.interest_missing)
    shown_rates: list[RenderableType] = []
    if rates:
        shown_rates = [Text(), grid("Rates: longs pay when positive", rates_head, rates)]
    title = f"Funding at the rates last settled, {clock(table.time_ns)} UTC"
    return Group(
        *headed(heading),
        grid(title, head, zip(names, *columns, strict=True)),
        *shown_rates,
        note(
            "Positive is received. Interest is that of loans; staking rewards are not in it. "
            "Net is funding and interest."
        ),
        *([note(_PARTIAL_NOTE)] if any(either) else []),
        *troubles(_MISSING, missing, remedied),
        *troubles("Interest unknown", unknown, remedied),
    )


def liquidity_tables(
    table: LiquidityTable, node: LiquidityRow, heading: str | None = None
) -> RenderableType:
    """What every node costs to leave, and the lines of one of them."""
    costs = _partials(
        [row.cost_usd for row in table.rows], [bool(row.cost_missing) for row in table.rows]
    )
    rows = [
        (
            _indented(row.node),
            costs[n],
            partial(_hours(row.exit_hours), row.exit_hours, is_partial=bool(row.exit_missing)),
            _exit_trust(row),
        )
        for n, row in enumerate(table.rows)
    ]
    head: tuple[Column, ...] = (
        ("Node", "", False), ("Cost", "USD against mid", True), ("Time", "hours", True),
        ("Trust", "", False),
    )  # fmt: skip
    lines = [
        (
            line.instrument_id,
            plain(line.quantity_contracts, 3),
            plain(line.cost_usd, 2),
            _hours(line.exit_hours),
            line.depth_source,
        )
        for line in node.lines
    ]
    lines_head: tuple[Column, ...] = (
        ("Instrument", "", False), ("Held", "contracts", True), ("Cost", "USD against mid", True),
        ("Time", "hours", True), ("Depth", "", False),
    )  # fmt: skip
    share = percent(table.participation_frac, 0)
    return Group(
        *headed(heading),
        grid(f"What it costs to leave, {clock(table.time_ns)} UTC", head, rows),
        Text(),
        grid(f"{node.node}, line by line", lines_head, lines),
        note(
            f"Time is that of the slowest line, at {share} of the volume last traded. A node walks "
            "each book once with all it holds, so it may cost more than the sum of its accounts. "
            "Half a spread has no size: it is taken for any."
        ),
        *([note(_PARTIAL_NOTE)] if any(row.missing for row in table.rows) else []),
        *troubles(f"{node.node}: what its cost or its time leaves out, and why", node.missing),
    )


def _rows_grid(
    title: str, name: str, names: Sequence[str], rows: Sequence[ExposureRow], trust: Sequence[str]
) -> RenderableType:
    """Value, deltas and the usual Greeks."""
    # Coins of different kinds do not add: a row that joins several has no number there.
    coins = [
        "several"
        if r.delta_spot_coin is None
        else partial(_coins(r.delta_spot_coin), r.delta_spot_coin, is_partial=bool(r.missing))
        for r in rows
    ]
    columns = [
        _column(rows, "value_usd"),
        _column(rows, "delta_spot_usd"),
        coins,
        *(_column(rows, greek) for greek in USUAL),
        trust,
    ]
    head: list[Column] = [
        (name, "", False), ("Value", "USD", True), ("Delta", "USD", True), ("Delta", "coin", True),
        *(_head(GREEKS[greek]) for greek in USUAL), ("Trust", "", False),
    ]  # fmt: skip
    return grid(title, head, zip(names, *columns, strict=True))


def _head(greek: Greek) -> Column:
    return (greek.title, greek.unit, True)


def _column(rows: Sequence[ExposureRow], name: str) -> list[str]:
    return _partials([getattr(row, name) for row in rows], [bool(row.missing) for row in rows])


def _partials(
    values: Sequence[float | None], are_partial: Sequence[bool], *, sign: bool = False
) -> list[str]:
    """Write a column of dollars; what leaves something out is marked."""
    return [
        partial(text, value, is_partial=is_partial)
        for text, value, is_partial in zip(
            usd_all(values, sign=sign), values, are_partial, strict=True
        )
    ]


def _incomplete(missing: Iterable[Failure]) -> list[RenderableType]:
    """Explain the marks, and list what they stand for."""
    failures = tuple(missing)
    return [note(_PARTIAL_NOTE), *troubles(_MISSING, failures)] if failures else []


def _exit_trust(row: LiquidityRow) -> str:
    """Say of cost and time apart what they leave out."""
    cost, time = without(row.cost_missing), without(row.exit_missing)
    if cost == time:
        return cost
    named = (f"{what} {text}" for what, text in (("cost", cost), ("time", time)) if text)
    return "; ".join(named)


def _indented(node: str) -> str:
    # A coin across the desk is no child of the tree: its whole path stays.
    steps = [node] if node.startswith("coin/") else node.split("/")
    return "  " * (len(steps) - 1) + steps[-1]


def _trust(row: ExposureRow) -> str:
    return without(row.missing) or ("estimate" if row.is_estimate else "")


def _coins(delta_coin: float) -> str:
    """Four decimals of a coin; none of so many that they must be dollars."""
    return plain(delta_coin, 0 if abs(delta_coin) >= 100_000 else 4)


def _hours(hours: float | None) -> str:
    if hours is None:
        return UNKNOWN
    return plain(hours, 1) if hours >= 1 else plain(hours, 3)
