"""Run every benchmark and print one table with bar and figure.

A benchmark is a program `benchmarks/bench_*.py` that, given ``--json``, prints on standard output::

    {"results": [{"name": "replay_events_per_s", "value": 51000.0, "unit": "events/s",
                  "better": "higher", "bar": 20000.0, "note": "crash recording, one process"}]}

``better`` is "lower" or "higher", ``bar`` a number or null. Each program runs by itself, one after
another, so that they do not disturb each other. A missed bar is marked in the table and is no
failure: speed is measured, not tested. A program that fails, or prints something else, is one.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"


class Result(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measured figure; its unit is data, because every benchmark has its own."""

    name: str
    value: float
    unit: str
    better: Literal["lower", "higher"]
    bar: float | None
    note: str

    @property
    def verdict(self) -> Literal["met", "missed", "none"]:
        """Whether the figure is on the good side of the bar; "none" where there is no bar."""
        if self.bar is None:
            return "none"
        good = self.value <= self.bar if self.better == "lower" else self.value >= self.bar
        return "met" if good else "missed"


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one program prints."""

    results: tuple[Result, ...]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One program that was run: its results, or why there are none."""

    script: str
    results: tuple[Result, ...] = ()
    failure: str | None = None


def scripts(patterns: Sequence[str], folder: Path = FOLDER) -> list[Path]:
    """Every program whose name fits one of the patterns, by name."""
    return sorted({path for pattern in patterns for path in folder.glob(pattern)})


def run_one(script: Path, timeout_s: float) -> Run:
    """Run one program and read what it prints."""
    try:
        done = subprocess.run(
            [sys.executable, str(script), "--json"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Run(script=script.name, failure=f"took longer than {timeout_s:.0f} s")
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["nothing on standard error"]
        return Run(script=script.name, failure=f"exit code {done.returncode}: {last[0]}")
    try:
        output = msgspec.json.decode(done.stdout, type=Output)
    except msgspec.DecodeError as error:
        return Run(script=script.name, failure=f"printed something else than results: {error}")
    if not output.results:
        return Run(script=script.name, failure="printed no result")
    return Run(script=script.name, results=output.results)


def run_all(
    patterns: Sequence[str], timeout_s: float, console: Console, folder: Path = FOLDER
) -> list[Run]:
    """Run the programs in turn, naming each on the console as it starts."""
    runs = []
    for script in scripts(patterns, folder):
        with console.status(f"running {script.name}"):
            runs.append(run_one(script, timeout_s))
        console.print(f"{'failed' if runs[-1].failure else 'done':>6}  {script.name}")
    return runs


def figure(value: float | None) -> str:
    """Five significant digits, thousands apart, and no power of ten where it can be avoided."""
    if value is None:
        return "–"
    if value != 0 and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.5g}"


def bar_text(result: Result) -> str:
    """The bar with its direction."""
    if result.bar is None:
        return "–"
    return f"{'≤' if result.better == 'lower' else '≥'} {figure(result.bar)}"


def table(runs: Sequence[Run]) -> Table:
    """One row per result; a program that failed has a row of its own."""
    out = Table(box=box.SIMPLE_HEAD)
    out.add_column("benchmark", no_wrap=True)
    out.add_column("figure", justify="right")
    out.add_column("bar", justify="right")
    out.add_column("unit")
    out.add_column("bar is")
    out.add_column("note", overflow="fold")
    marks = {"met": "met", "missed": "MISSED", "none": ""}
    for run in runs:
        if run.failure is not None:
            out.add_row(run.script, "", "", "", "FAILED", Text(run.failure), style="bold red")
        for result in run.results:
            out.add_row(
                result.name,
                figure(result.value),
                bar_text(result),
                Text(result.unit),
                marks[result.verdict],
                Text(result.note),
                style="yellow" if result.verdict == "missed" else None,
            )
    return out


def parser(description: str | None) -> argparse.ArgumentParser:
    """Build the options that bench and measure share."""
    out = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    out.add_argument(
        "--timeout-s", type=float, default=900.0, help="for each program (%(default).0f)"
    )
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and say with the exit code whether every program worked."""
    options = parser(__doc__)
    options.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = options.parse_args(arguments)
    errors = Console(stderr=True)
    runs = run_all(["bench_*.py"], chosen.timeout_s, errors)
    if not runs:
        errors.print("no benchmarks/bench_*.py found")
        return 1
    if chosen.json:
        rows = [
            {**msgspec.structs.asdict(result), "script": run.script, "verdict": result.verdict}
            for run in runs
            for result in run.results
        ]
        failures = [{"script": run.script, "failure": run.failure} for run in runs if run.failure]
        print(msgspec.json.encode({"results": rows, "failures": failures}).decode())
    else:
        Console().print(table(runs))
    return 1 if any(run.failure for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
