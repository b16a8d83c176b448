"""A profit, explained: the lines of a whole run, its steps, its nodes, and a drawing of them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import fsum
from typing import Any, Final, TypeAlias

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.days import day_of
from hedgerow.reporting.figures import UNKNOWN, clock, partial, percent, plain, usd, usd_all
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.tables import builtins_of
from hedgerow.risk import (
    MOVE_FRAC_MAX,
    DeskTest,
    Explained,
    ExplainRow,
    Method,
    Pooled,
    combined,
    desk_test,
    pooled,
)
from hedgerow.units import DAY_NS, HOUR_NS

__all__ = ["profit_builtins", "profit_svg", "profit_tables"]

Run: TypeAlias = Mapping[Method, Sequence[Explained]]

_METHODS: Final[Mapping[Method, str]] = {"taylor": "Greeks", "full": "revaluation"}
_WORDS: Final[Mapping[str, str]] = {
    "time": "time",
    "carry": "carry: funding, interest, staking",
    "delta": "delta of contracts and pool shares",
    "gamma": "gamma",
    "vega": "vega",
    "vanna": "vanna",
    "volga": "volga",
    "higher": "third order, and time with spot or vol",
    "spot": "spot, revalued, of contracts and pool shares",
    "vol": "vols, revalued",
    "basis": "basis and rates",
    "cross": "cross gamma of two assets",
    "numeraire": "coins held, lent, owed or settled in, by their price",
    "trades": "new trades",
    "expiries": "expiries",
    "fees": "fees",
    "transfers": "transfers",
    "liquidations": "liquidations",
}
# What a row of a step has room for.
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Time": ("time", "carry"),
    "Price": ("delta", "numeraire", "spot"),
    "Gamma": ("gamma",),
    "Vol": ("vega", "vanna", "volga", "vol"),
    "Basis": ("basis",),
    "Other": ("higher", "cross", "trades", "expiries", "fees", "transfers", "liquidations"),
}
_PRICE_NOTE: Final = (
    "Price is in two lines. What contracts and pool shares gain, counted in what they settle in, "
    "is under delta, or spot; what balances, loans, staked coins, vault shares, premiums and "
    "profits that are counted in a coin gain by its price is under coins. Together they are, "
)
_PRICE_TOLD: Final[Mapping[Method, str]] = {
    "taylor": "by Greeks, the whole delta at the start of each step, as `exposure show` has it "
    "and but for what expires in it, times what each coin moved: {} USD",
    "full": "by revaluation, gamma and all, {} USD",
}
_MOVE_NOTE: Final = "A step's move is that of the coin that moved most, of those below the node."
_VERDICTS: Final[Mapping[str, str]] = {
    "within": "",
    "alert": "too much",
    "large_move": "large move",
    "unknown": UNKNOWN,
}
_STEPS_COUNT_MAX, _NODES_COUNT_MAX = 120, 60


def _rows_at(steps: Iterable[Explained], node: str) -> list[tuple[Explained, ExplainRow]]:
    """Give every step that has the node, with its row."""
    found = ((each, each.row(node)) for each in steps)
    return [(each, row) for each, row in found if not isinstance(row, Failure)]


def profit_tables(
    run: Run, node: str, *, heading: str | None = None, statements: Sequence[str] = ()
) -> RenderableType:
    """Lay out a run at one node: its lines, its steps by each method, and the nodes below."""
    parts: list[RenderableType] = headed(heading)
    rows = {method: [row for _, row in _rows_at(run[method], node)] for method in run}
    parts += [_lines(node, rows), *_price_note(rows), Text()]
    for method, steps in run.items():
        parts += [_steps(node, method, _rows_at(steps, node)), Text()]
    below = _below(run, node)
    if below is not None:
        parts += [below, Text()]
    parts.append(note(_MOVE_NOTE))
    parts += [note(_pooled_words(method, some)) for method, some in rows.items()]
    for method, some in _tested(run, node).items():
        parts.append(note(_test_words(method, some)))
    parts += [note(each) for each in statements]
    missing = dict.fromkeys(why for some in rows.values() for row in some for why in row.missing)
    return Group(*parts, *troubles("Unknown in some step", missing))


def profit_builtins(run: Run, node: str) -> dict[str, Any]:
    """Give the whole run for JSON: every row of every step, and what the tables say of a node."""
    tests = _tested(run, node)
    return {
        "node": node,
        "methods": {
            method: {
                "steps": [
                    builtins_of(each) | {"rows": [_row_builtins(row) for row in each.rows]}
                    for each in steps
                ],
                "pooled": {
                    name: builtins_of(pooled(some))
                    for name, some in _split([row for _, row in _rows_at(steps, node)]).items()
                },
                "desk_test": builtins_of(tests[method]),
            }
            for method, steps in run.items()
        },
    }


def profit_svg(run: Run, node: str) -> str:
    """Draw what a node gained and what the lines of the first method add up to, over days."""
    method, steps = next(iter(run.items()))
    found = _rows_at(steps, node)
    origin_ns = found[0][0].start_ns
    days = [0.0, *((each.end_ns - origin_ns) / DAY_NS for each, _ in found)]

    def summed(amounts: Iterable[float | None]) -> list[float | None]:
        total = accumulate((amount or 0.0 for amount in amounts), initial=0.0)
        return list(total)

    rows = [row for _, row in found]
    actual = summed(row.actual_usd for row in rows)
    left = summed(row.unexplained_usd for row in rows)
    names = [name for name in rows[0].lines_usd if any(row.lines_usd.get(name) for row in rows)]
    panels = (
        Panel("Actual, and what stays unexplained", "USD", (
            Curve("actual", actual), Curve("unexplained", left),
        )),
        Panel(f"The lines, by {_METHODS[method]}", "USD", tuple(
            Curve(_WORDS[name], summed(row.lines_usd.get(name, 0.0) for row in rows))
            for name in names
        )),
    )  # fmt: skip
    return curves_svg(
        f"{node}: the profit, explained", days, f"days since {clock(origin_ns)} UTC", panels
    )


def _lines(node: str, rows: Mapping[Method, Sequence[ExplainRow]]) -> RenderableType:
    wholes = {method: combined(some) for method, some in rows.items()}
    head: list[Column] = [("Line", "", False)]
    head += [(f"by {_METHODS[method]}", "USD", True) for method in wholes]
    texts: list[list[str]] = []
    for name, words in _WORDS.items():
        cells = [whole.lines_usd.get(name) for whole in wholes.values()]
        if any(cells):
            told = usd_all([each for each in cells if each is not None])
            shown = iter(told)
            texts.append([words, *("·" if each is None else next(shown) for each in cells)])
    for words, figures in (
        ("unexplained", [whole.unexplained_usd for whole in wholes.values()]),
        ("actual", [whole.actual_usd for whole in wholes.values()]),
    ):
        marked = zip(figures, wholes.values(), strict=True)
        cells_told = [
            partial(usd(usd_), usd_, is_partial=bool(whole.missing)) for usd_, whole in marked
        ]
        texts.append([words, *cells_told])
    steps_count = len(next(iter(rows.values())))
    return grid(f"{node}: {steps_count} steps together", head, texts)


def _price_note(rows: Mapping[Method, Sequence[ExplainRow]]) -> list[RenderableType]:
    """Say what is in each line of price, and what both come to, where both have something."""
    told = []
    for method, some in rows.items():
        lines_usd = combined(some).lines_usd
        if lines_usd.get("numeraire") and _sum_of(lines_usd, ("delta", "spot")):
            price_usd = _sum_of(lines_usd, _GROUPS["Price"])
            told.append(_PRICE_TOLD[method].format(usd(price_usd, sign=True)))
    return [note(f"{_PRICE_NOTE}{'; '.join(told)}.")] if told else []


def _steps(
    node: str, method: Method, found: Sequence[tuple[Explained, ExplainRow]]
) -> RenderableType:
    names = next((tuple(row.lines_usd) for _, row in found if row.lines_usd), ())
    groups = {
        title: lines
        for title, lines in _GROUPS.items()
        if set(lines) & set(names) and any(_sum(row, lines) for _, row in found)
    }
    coins = {row.move_coin for _, row in found if row.move_frac is not None}
    # Where one coin is meant all along its name needs no column.
    one = f"{next(iter(coins))} %" if len(coins) == 1 and None not in coins else None
    moves: list[Column] = [("Move", one or "%", True)] + [("of", "", False)] * (one is None)
    head: list[Column] = [
        ("End", "UTC", False), ("Hours", "", True), *moves,
        ("Actual", "USD", True),
        *((title, "USD", True) for title in groups),
        ("Unexpl.", "USD", True), ("of gross", "%", True), ("Verdict", "", False),
    ]  # fmt: skip
    shown = found[:_STEPS_COUNT_MAX]
    texts = []
    for each, row in shown:
        share = None
        if row.unexplained_usd is not None and row.gross_usd:
            share = abs(row.unexplained_usd) / row.gross_usd
        texts.append(
            [
                clock(each.end_ns),
                plain((each.end_ns - each.start_ns) / HOUR_NS, 1),
                "·" if row.move_frac is None else plain(100 * row.move_frac, 2, sign=True),
                *([row.move_coin or ""] if one is None else []),
                _whole(row.actual_usd),
                *(_whole(_sum(row, lines) if row.lines_usd else None) for lines in groups.values()),
                _whole(row.unexplained_usd),
                "·" if share is None else plain(100 * share, 2),
                _VERDICTS[row.verdict],
            ]
        )
    title = f"{node}, by {_METHODS[method]}"
    if len(found) > len(shown):
        title += f": the first {len(shown)} of {len(found)} steps; --json has all"
    return grid(title, head, texts)


def _below(run: Run, node: str) -> RenderableType | None:
    names = dict.fromkeys(
        row.node
        for steps in run.values()
        for each in steps
        for row in each.rows
        if row.node != node and (row.node.startswith(f"{node}/") or node == "desk")
    )
    if not names:
        return None
    head: list[Column] = [("Node", "", False), ("Actual", "USD", True)]
    for method in run:
        head += [(f"Unexpl. by {_METHODS[method]}", "USD", True), ("of gross", "%", True)]
    texts = []
    for name in list(names)[:_NODES_COUNT_MAX]:
        cells: list[str] = []
        for steps in run.values():
            rows = [row for _, row in _rows_at(steps, name)]
            whole = pooled(rows)
            is_partial = whole.unknown_count > 0
            if not cells:
                actual_usd = fsum(row.actual_usd or 0.0 for row in rows)
                cells = [name, partial(_whole(actual_usd), actual_usd, is_partial=is_partial)]
            left = whole.unexplained_usd
            cells += [
                partial(_whole(left), left, is_partial=is_partial),
                _share(whole.unexplained_frac),
            ]
        texts.append(cells)
    return grid("Below: sizes of what each step leaves, added up", head, texts)


def _share(value_frac: float | None) -> str:
    """Write a share without its sign of per cent; a dot where there is none."""
    return "·" if value_frac is None else plain(100 * value_frac, 2)


def _split(rows: Sequence[ExplainRow]) -> dict[str, list[ExplainRow]]:
    return {
        "all": list(rows),
        "moves_to_5_pct": [row for row in rows if row.verdict != "large_move"],
        "larger_moves": [row for row in rows if row.verdict == "large_move"],
    }


def _pooled_words(method: Method, rows: Sequence[ExplainRow]) -> str:
    split = {name: pooled(some) for name, some in _split(rows).items()}

    def share(of: Pooled) -> str:
        return (
            "nothing to share" if of.unexplained_frac is None else percent(of.unexplained_frac, 2)
        )

    said = (
        f"By {_METHODS[method]} {share(split['all'])} of the gross stays unexplained, the sizes of "
        f"{split['all'].steps_count} steps added up: {share(split['moves_to_5_pct'])} where coins "
        f"moved by {percent(MOVE_FRAC_MAX, 0)} or less"
    )
    large = split["larger_moves"]
    if large.steps_count:
        said += f", {share(large)} in {large.steps_count} larger"
    if split["all"].unknown_count:
        said += f"; {split['all'].unknown_count} steps are unknown"
    return f"{said}."


def _tested(run: Run, node: str) -> dict[Method, Outcome[DeskTest] | None]:
    """Run the desk test over UTC days; None with fewer than three."""
    found: dict[Method, Outcome[DeskTest] | None] = {}
    for method, steps in run.items():
        days: dict[str, list[ExplainRow]] = {}
        for each, row in _rows_at(steps, node):
            # A step that ends at midnight is of the day that ends there.
            days.setdefault(day_of(each.end_ns, start_ns=each.start_ns), []).append(row)
        whole = [combined(some) for some in days.values() if not any(r.missing for r in some)]
        if len(whole) < 3:
            found[method] = None
            continue
        actual = [each.actual_usd or 0.0 for each in whole]
        left = [each.unexplained_usd or 0.0 for each in whole]
        explained = [usd_ - rest for usd_, rest in zip(actual, left, strict=True)]
        found[method] = desk_test(explained, actual)
    return found


def _test_words(method: Method, found: Outcome[DeskTest] | None) -> str:
    if found is None:
        return f"Desk test by {_METHODS[method]}: fewer than three days."
    if isinstance(found, Failure):
        return f"Desk test by {_METHODS[method]}: {found.message}."
    said = (
        f"Desk test by {_METHODS[method]}, {found.pairs_count} days: Spearman "
        f"{plain(found.spearman_frac, 3)}, KS {plain(found.ks_frac, 3)}"
    )
    return f"{said}; too few days for a zone." if found.zone is None else f"{said}: {found.zone}."


def _row_builtins(row: ExplainRow) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(row)
    return told | {
        "gross_usd": row.gross_usd,
        "tolerance_usd": row.tolerance_usd,
        "verdict": row.verdict,
    }


def _sum(row: ExplainRow, names: Iterable[str]) -> float:
    return _sum_of(row.lines_usd, names)


def _sum_of(lines_usd: Mapping[str, float], names: Iterable[str]) -> float:
    return fsum(lines_usd.get(name, 0.0) for name in names)


def _whole(amount_usd: float | None) -> str:
    return plain(amount_usd, 0)
