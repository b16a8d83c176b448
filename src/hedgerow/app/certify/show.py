"""What ``hedgerow certify`` prints: a row a suite, then every failure and every kind left out."""

import json
import sys
from pathlib import Path

import msgspec
from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from hedgerow.app.certify.run import Certificate, certify
from hedgerow.app.certify.suites import COMPUTATIONS
from hedgerow.app.name_meant import name_meant
from hedgerow.app.screen import wide_console

__all__ = ["run_certify"]


def run_certify(path: Path, *, as_json: bool) -> int:
    """Compute every case, print what came of it, and give the exit status."""
    progress = Progress(
        TextColumn("certifying"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=as_json or not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task("cases", total=None)
        found = certify(
            path, told=lambda done, total: progress.update(task, completed=done, total=total)
        )
    if as_json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(found), sort_keys=True) + "\n")
    else:
        wide_console().print(_tables(found), highlight=False, crop=False)
    if found.failed_count and not as_json:
        sys.stderr.write(f"exit 1: {found.failed_count} of {_cases(_count(found))} failed\n")
    computed_count = found.passed_count + found.failed_count
    if not computed_count and not as_json:
        sys.stderr.write(f"exit 1: none of {_cases(_count(found))} was computed\n")
    return 1 if found.failed_count or not computed_count else 0


def _count(found: Certificate) -> int:
    return found.passed_count + found.failed_count + found.unsupported_count


def _cases(count: int) -> str:
    return f"{count} case" if count == 1 else f"{count} cases"


def _nobody(suite: str, kind: str) -> str:
    """Say that a kind is not computed, and which one that is was perhaps meant."""
    kinds = [name for of, name in COMPUTATIONS if of == suite]
    near = name_meant(kind, kinds)
    asked = f"; did you mean {near}?" if near else ""
    return f"and nobody here computes it{asked}"


def _tables(found: Certificate) -> Group:
    table = Table(title="Cases reproduced", title_justify="left", box=None, pad_edge=False)
    table.add_column("Suite")
    for name in ("Passed", "Failed", "Unsupported", "Worst error / tolerance"):
        table.add_column(name, justify="right")
    for each in found.suites:
        # Exact cases have no tolerance to measure against: equal is zero.
        worst = "–" if each.error_worst_frac is None else f"{each.error_worst_frac:.3g}"
        table.add_row(
            each.suite,
            str(each.passed_count),
            str(each.failed_count),
            str(each.unsupported_count),
            worst,
        )
    table.add_section()
    table.add_row(
        "all", str(found.passed_count), str(found.failed_count), str(found.unsupported_count), ""
    )
    told = [
        Text(f"failed       {each.suite} {case}: {why}")
        for each in found.suites
        for case, why in each.messages.items()
    ]
    told += [
        Text(f"unsupported  {each.suite} {kind}: {_cases(count)}, {_nobody(each.suite, kind)}")
        for each in found.suites
        for kind, count in each.unsupported_kinds_count.items()
    ]
    return Group(table, *told)
