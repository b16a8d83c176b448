"""Requirements for a terminal: line by line, with evidence, and before and after some legs."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.margin import Difference, Leg, MarginLine, MarginReport, Rulebook
from hedgerow.reporting.figures import Number, amount, exact, percent, plain, quantity, significant
from hedgerow.reporting.framing import headed, note, unknown_accounts
from hedgerow.reporting.grid import Column, grid
from hedgerow.solvency import WhatIf
from hedgerow.units import quantise

__all__ = [
    "differences_table",
    "explain_tables",
    "margin_tables",
    "rulebooks_table",
    "what_if_tables",
]

_LEGEND = (
    "V reproduced to the digit against published figures, R against the source code, D stated in "
    "a document of the venue, S from a third party only, U not verified."
)
_CONFIDENCE = (
    "Confidence: exact where the rules give the venue's own cases to the digit, reconciled where "
    "they agree with a live account within a stated residual, estimate for anything less. "
    "A requirement by a rule that is not reproduced to the digit is an estimate under any of them."
)
_FORMULAS = (
    "put(F, K, vol, years) and call(…) are values by Black's formula in dollars a coin, "
    "undiscounted; the delta is by the forward."
)
_SHOWN = "rounding of what is shown"
_COUNTED = "counted by the venue"
_HEALTH_STEP = Decimal("0.0001")
# From here on a price is told as so many times the mark, and no longer in per cent.
_TIMES_MIN = 10.0


def margin_tables(
    outcomes: Mapping[str, Outcome[MarginReport]],
    heading: str | None = None,
    *,
    counted: str = _COUNTED,
) -> RenderableType:
    """Each account's requirement line by line, its equity line by line, and the use; by its node.

    Lines are rounded to what a person reads, and a line says where that changes their sum; JSON
    has every digit.
    """
    head: tuple[Column, ...] = (
        ("Rule", "", False), ("On", "", False), ("Amount", "", True), ("How", "", False),
    )  # fmt: skip
    parts = headed(heading)
    failures: dict[str, list[Failure]] = {}
    for node, report in outcomes.items():
        if isinstance(report, Failure):
            failures[node] = [report]
            continue
        unit = report.currency
        needed = exact(report.requirement_maintenance_ccy, unit)
        held = exact(report.equity_ccy, unit)
        rows = [
            *_added_up(report.lines, unit, needed),
            ("requirement", "", needed, "maintenance"),
            *_added_up(report.equity_lines, unit, held),
            ("equity", "", held, counted),
        ]
        use = "no equity left" if report.use_frac is None else percent(report.use_frac)
        state = "LIQUIDATABLE" if report.is_liquidatable else f"use {use}"
        state += _health(report)
        title = f"{report.account_id}: {state}, {report.rulebook} ({report.confidence}), {unit}"
        parts += [grid(title, head, rows)]
        facts = _facts(report)
        parts += [Text(facts, style="dim"), Text()]
    return Group(*parts, *unknown_accounts(failures))


def explain_tables(
    outcomes: Mapping[str, Outcome[MarginReport]],
    heading: str | None = None,
    *,
    counted: str = _COUNTED,
) -> RenderableType:
    """Each requirement rule by rule: maintenance beside initial, their sums, evidence, how.

    Lines are rounded to what a person reads; where that changes their sum, a line says so, so that
    what is shown adds up. Below stands where each number of a line comes from.
    """
    parts = headed(heading)
    reports: list[MarginReport] = []
    failures: dict[str, list[Failure]] = {}
    for node, each in outcomes.items():
        if isinstance(each, Failure):
            failures[node] = [each]
        else:
            reports.append(each)
    for report in reports:
        parts += _explained(report, counted)
    if any("(F " in line.detail for report in reports for line in report.lines):
        parts.append(note(_FORMULAS))
    if reports:
        parts.append(note(_LEGEND))
    return Group(*parts, *unknown_accounts(failures))


def _added_up(lines: Sequence[MarginLine], unit: str, total: str) -> list[tuple[str, ...]]:
    """Give a row a line, and what rounding leaves between their sum and the total, as shown."""
    rows: list[tuple[str, ...]] = [
        (each.rule, each.subject, exact(each.amount_ccy, unit), _how(each, unit)) for each in lines
    ]
    if rest := _off(rows, 2, total):
        rows.append((_SHOWN, "", exact(rest, unit), ""))
    return rows


def _how(line: MarginLine, unit: str) -> str:
    """Say how a line comes about, and what it asks where it is initial only, which is not shown."""
    how = _first(line)
    if line.amount_ccy or not line.amount_initial_ccy:
        return how
    return f"initial only, {exact(line.amount_initial_ccy, unit)}: {how}"


def _evidence(line: MarginLine) -> str:
    """Give the letter of a line, and that of its initial amount where it is another."""
    if line.evidence_initial in (None, line.evidence):
        return line.evidence
    return f"{line.evidence}, initial {line.evidence_initial}"


def _explained(report: MarginReport, by: str) -> list[RenderableType]:
    unit = report.currency
    needed: tuple[Column, ...] = (
        ("Rule", "", False), ("On", "", False), ("Maintenance", "", True), ("Initial", "", True),
        ("Evidence", "", False), ("How", "", False),
    )  # fmt: skip
    rows: list[tuple[str, ...]] = [
        (
            line.rule,
            line.subject,
            exact(line.amount_ccy, unit),
            "" if line.amount_initial_ccy is None else exact(line.amount_initial_ccy, unit),
            _evidence(line),
            _first(line),
        )
        for line in report.lines
    ]
    maintenance = exact(report.requirement_maintenance_ccy, unit)
    initial = exact(report.requirement_initial_ccy, unit)
    off = _off(rows, 2, maintenance), _off(rows, 3, initial)
    if any(off):
        rows.append((_SHOWN, "", exact(off[0], unit), exact(off[1], unit), "", ""))
    rows.append((_sum_of(report.lines), "", maintenance, initial, "", "requirement"))
    counted: tuple[Column, ...] = (
        ("Rule", "", False), ("On", "", False), ("Amount", "", True),
        ("Evidence", "", False), ("How", "", False),
    )  # fmt: skip
    equity: list[tuple[str, ...]] = [
        (line.rule, line.subject, exact(line.amount_ccy, unit), line.evidence, _first(line))
        for line in report.equity_lines
    ]
    total = exact(report.equity_ccy, unit)
    if rest := _off(equity, 2, total):
        equity.append((_SHOWN, "", exact(rest, unit), "", ""))
    equity.append((_sum_of(report.equity_lines), "", total, "", by))
    title = f"{report.account_id}: requirement, {report.rulebook} ({report.confidence}), {unit}"
    return [
        grid(title, needed, rows),
        grid(f"{report.account_id}: equity, {unit}", counted, equity),
        *(
            note(f"{line.rule}, {line.subject}: {line.detail}")
            for line in (*report.lines, *report.equity_lines)
            if line.detail != _first(line)
        ),
        note(_facts(report)),
        Text(),
    ]


def _first(line: MarginLine) -> str:
    """Give the expression that a line's amount comes from."""
    return line.detail.partition("; ")[0]


def _off(rows: Sequence[tuple[str, ...]], column: int, total: str) -> Decimal:
    """Give what the numbers of a column, as they are shown, lack of the total that is shown."""
    return _read(total) - sum((_read(row[column]) for row in rows), Decimal(0))


def _read(shown: str) -> Decimal:
    """Read a number as it is shown; one too small to be shown is nothing."""
    is_number = shown and not shown.startswith(("above", "under"))
    return Decimal(shown.replace(",", "")) if is_number else Decimal(0)


def _sum_of(lines: Sequence[MarginLine]) -> str:
    return f"sum of {len(lines)} line{'' if len(lines) == 1 else 's'}"


def what_if_tables(
    outcomes: Mapping[str, Outcome[WhatIf]],
    heading: str | None = None,
    hints: Sequence[str] = (),
) -> RenderableType:
    """Each account before and after its legs, and the change; then what was perhaps meant."""
    head: tuple[Column, ...] = (
        ("", "", False), ("Before", "", True), ("After", "", True), ("Change", "", True),
    )  # fmt: skip
    parts = headed(heading)
    failures: dict[str, list[Failure]] = {}
    for node, each in outcomes.items():
        if isinstance(each, Failure):
            failures[node] = [each]
            continue
        legs = ", ".join(
            f"{quantity(leg.quantity_contracts, sign=True)} {leg.instrument_id} at {leg.price_ccy} "
            f"({_beside(leg, mark)})"
            for leg, mark in zip(each.legs, each.marks_ccy, strict=True)
        )
        state = "WOULD BE LIQUIDATABLE, " if each.after.is_liquidatable else ""
        title = f"{each.account_id}: {state}{legs or 'no leg'}; {each.rulebook}, {each.currency}"
        parts += [grid(title, head, _what_if_rows(each)), Text()]
    meant = [Text(f"Hint: {hint}") for hint in hints]
    return Group(*parts, *meant, note("Nothing was sent."), *unknown_accounts(failures))


def _beside(leg: Leg, mark_ccy: float | None) -> str:
    """Say what the mark of a leg is, and how far its price lies from it."""
    if mark_ccy is None:
        return "mark unknown"
    told = f"mark {significant(mark_ccy, 8)}"
    if mark_ccy <= 0.0:
        return told
    times = float(leg.price_ccy) / mark_ccy
    if times >= _TIMES_MIN:  # an option that is all but worthless has a mark of many zeros
        return f"{told}, {significant(times, 3)} times it"
    return f"{told}, {percent(times - 1.0, sign=True)}"


def rulebooks_table(rulebooks: Sequence[Rulebook]) -> RenderableType:
    """One row a rulebook, what its confidence says, and the sources, too long for a column."""
    head: tuple[Column, ...] = (
        ("Rulebook", "", False), ("As of", "", False), ("Kind", "", False),
        ("Confidence", "", False),
    )  # fmt: skip
    rows = [
        (each.name, each.as_of, str(type(each).__struct_config__.tag), each.confidence)
        for each in rulebooks
    ]
    return Group(
        grid("Rulebooks", head, rows),
        note(_CONFIDENCE),
        Text(),
        Text("Sources", style="bold"),
        *(Text(f"{each.name}: {each.source}") for each in rulebooks),
    )


def differences_table(found: Sequence[Difference], title: str) -> RenderableType:
    """One row a figure that differs."""
    head: tuple[Column, ...] = (
        ("Figure", "", False), ("Old", "", True), ("New", "", True), ("Change", "", True),
        ("Of old", "", True),
    )  # fmt: skip
    rows = [
        (
            each.path,
            "none" if each.old is None else each.old,
            "none" if each.new is None else each.new,
            each.change or "",
            "" if each.change_frac is None else percent(each.change_frac, sign=True),
        )
        for each in found
    ]
    return grid(title, head, rows) if rows else Text(f"{title}: no figure differs")


def _facts(report: MarginReport) -> str:
    """Say headroom, initial requirement and worst scenario in a line."""
    unit = report.currency
    facts = f"headroom {amount(report.headroom_ccy, unit, sign=True)} {unit}, "
    facts += f"initial requirement {amount(report.requirement_initial_ccy, unit)} {unit}"
    facts += _unverified(report)
    worst = report.worst_scenario
    if worst is not None:
        facts += (
            f"; worst scenario {worst.scenario_index}: price of {worst.coin} "
            f"{percent(worst.price_move_frac, sign=True)}, vol {worst.vol_shock}, "
            f"{amount(worst.profit_ccy, unit, sign=True)} {unit}"
        )
    return facts


def _health(report: MarginReport) -> str:
    """Give the protocol's own figure; cut, so that what is below one is not shown as one."""
    if report.health_wad is None:
        return ""
    shown = quantise(Decimal(report.health_wad).scaleb(-18), _HEALTH_STEP, "down")
    return f", health factor {shown:,f}"


def _unverified(report: MarginReport) -> str:
    """Say where the initial requirement is less known than the maintenance beside it."""
    is_less = any(each.evidence_initial == "U" and each.evidence != "U" for each in report.lines)
    return " (unverified; --explain says why)" if is_less else ""


def _what_if_rows(each: WhatIf) -> list[tuple[str, str, str, str]]:
    """Give what was, what will be, and what the two differ by as they are shown."""
    unit = each.currency
    rows: list[tuple[str, str, str, str]] = []
    for name, field in (
        ("maintenance", "requirement_maintenance_ccy"),
        ("initial", "requirement_initial_ccy"),
        ("equity", "equity_ccy"),
        ("headroom", "headroom_ccy"),
    ):
        before, after = (exact(getattr(s, field), unit) for s in (each.before, each.after))
        change = exact(_read(after) - _read(before), unit)
        rows.append((name, before, after, _signed(change)))
    rows.append(("use", *_shares(each.before.use_frac, each.after.use_frac, "no equity left")))
    for name, field in (("fall", "distance_down_frac"), ("rise", "distance_up_frac")):
        moves = (getattr(each.before, field), getattr(each.after, field))
        sizes = [None if move is None else abs(move) for move in moves]
        before, after, change = _shares(sizes[0], sizes[1], "none in range")
        # No move is needed where it is liquidatable as it stands.
        if each.before.is_liquidatable:
            before, change = "already", "–"
        if each.after.is_liquidatable:
            after, change = "already", "–"
        rows.append((f"liquidated by a {name} of", before, after, change))
    trust = ("confidence", each.before.confidence, each.after.confidence, "")
    return [*rows, trust]


def _shares(
    before_frac: Number | None, after_frac: Number | None, none: str
) -> tuple[str, str, str]:
    """Write two fractions of one as per cent, and what they differ by as shown, in points of it."""
    before, after = (none if each is None else percent(each) for each in (before_frac, after_frac))
    if before_frac is None or after_frac is None:
        return before, after, "–"
    points = _read(after.removesuffix(" %")) - _read(before.removesuffix(" %"))
    return before, after, f"{plain(points, 1, sign=True)} points"


def _signed(written: str) -> str:
    return written if written.startswith(("-", "above -")) else f"+{written}"
