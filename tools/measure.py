"""Run every benchmark and every measurement, and write docs/measured.md.

Measurements are programs `benchmarks/measure_*.py`: figures that are not about speed (accuracy,
size, coverage), printed in the same shape as those of `tools/bench.py`. The page says on which
machine and at which commit they were taken, and nothing that names a person or a folder.
Nothing is written unless every program worked.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tools.bench import ROOT, Run, bar_text, figure, parser, run_all, table

PAGE = ROOT / "docs" / "measured.md"
HEAD = """\
# Measured

Written by `make measure`; not edited by hand. Figures are from one machine at one commit, each
program run by itself. A bar is what we want to hold; a missed bar is shown, not hidden.

"""


def commit() -> str:
    """Short name of the commit, and whether the sources differ from it."""
    ask = ["git", "-c", "safe.directory=*", "-C", str(ROOT)]
    try:
        name = subprocess.run(
            [*ask, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            [*ask, "status", "--porcelain", "--", "src", "benchmarks", "constraints.txt"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown (no git history here)"
    return f"{name}, with changes not committed" if changed else name


def cpu_model() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cell(text: str) -> str:
    """Escape text for one cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def page(runs: Sequence[Run], commit_name: str, cpu: str, core_count: int, python: str) -> str:
    """Lay the figures out as a page."""
    lines = [
        HEAD + f"- commit: {commit_name}",
        f"- machine: {cpu}, {core_count} cores",
        f"- Python: {python}",
    ]
    for run in runs:
        lines += [
            "",
            f"## `python benchmarks/{run.script} --json`",
            "",
            "| name | figure | unit | bar | bar is | note |",
            "| --- | ---: | --- | ---: | --- | --- |",
        ]
        lines += [
            f"| `{result.name}` | {figure(result.value)} | {cell(result.unit)} "
            f"| {bar_text(result)} | {'' if result.verdict == 'none' else result.verdict} "
            f"| {cell(result.note)} |"
            for result in run.results
        ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the table, write the page."""
    chosen = parser(__doc__).parse_args(arguments)
    console = Console(stderr=True)
    runs = run_all(["bench_*.py", "measure_*.py"], chosen.timeout_s, console)
    if not runs:
        console.print("no benchmarks/bench_*.py or measure_*.py found")
        return 1
    Console().print(table(runs))
    if any(run.failure for run in runs):
        console.print(f"{PAGE.relative_to(ROOT)} was left as it is: a program failed")
        return 1
    text = page(runs, commit(), cpu_model(), cores(), platform.python_version())
    PAGE.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
