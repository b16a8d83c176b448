"""Run every benchmark and every measurement, and write docs/measured.md.

Measurements are programs `benchmarks/measure_*.py`: figures that are not about speed (accuracy,
size, coverage), printed in the same shape as those of `tools/bench.py`. The page says on which
machine and at which commit they were taken, and nothing that names a person or a folder.
Nothing is written unless every program worked.

What a program printed is kept in build/measured, with its commit. ``--resume`` runs only what is
not kept there; a section of the page whose figures are of another commit says so. ``--only`` names
the programs to run, and the page names those that are left out.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from tools.bench import FOLDER, ROOT, Run, bar_text, figure, parser, run_one, scripts, table

PAGE = ROOT / "docs" / "measured.md"
KEPT = ROOT / "build" / "measured"
HEAD = """\
# Measured

Written by `make measure`; not edited by hand. Figures are from one machine at one commit, each
program run by itself. A bar is what we want to hold; a missed bar is shown, not hidden.

"""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What one program printed, and at which commit."""

    commit: str
    run: Run


def run_kept(
    commit_name: str,
    timeout_s: float,
    console: Console,
    *,
    is_resumed: bool,
    only: Sequence[str] = (),
    folder: Path = FOLDER,
    kept: Path = KEPT,
) -> list[Kept]:
    """Run the programs in turn, keeping what each printed; what is kept is not run again.

    Parameters
    ----------
    only
        Programs to run, without their ending; all of them where none is named.
    """
    found = []
    kept.mkdir(parents=True, exist_ok=True)
    for script in scripts(["bench_*.py", "measure_*.py"], folder):
        path = kept / f"{script.stem}.json"
        if is_resumed and path.is_file():
            found.append(msgspec.json.decode(path.read_bytes(), type=Kept))
            console.print(f"  kept  {script.name}")
            continue
        if only and script.stem not in only:
            continue
        with console.status(f"running {script.name}"):
            found.append(Kept(commit=commit_name, run=run_one(script, timeout_s)))
        if not found[-1].run.failure:
            path.write_bytes(msgspec.json.encode(found[-1]))
        console.print(f"{'failed' if found[-1].run.failure else 'done':>6}  {script.name}")
    return found


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


def page(
    runs: Sequence[Run],
    commit_name: str,
    cpu: str,
    core_count: int,
    python: str,
    commits: Mapping[str, str] | None = None,
    left_out: Sequence[str] = (),
) -> str:
    """Lay the figures out as a page.

    Parameters
    ----------
    commits
        By program, the commit its figures are of; that of the page where none is given.
    left_out
        Programs that were not run.
    """
    lines = [
        HEAD + f"- commit: {commit_name}",
        f"- machine: {cpu}, {core_count} cores",
        f"- Python: {python}",
    ]
    if left_out:
        lines.append(f"- not measured here: {', '.join(left_out)}")
    for run in runs:
        lines += [
            "",
            f"## `python benchmarks/{run.script} --json`",
            "",
            *_of(commits or {}, run.script, commit_name),
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


def _of(commits: Mapping[str, str], script: str, commit_name: str) -> list[str]:
    """Say which commit a section is of, where it is another than the page's."""
    own = commits.get(script, commit_name)
    return [] if own == commit_name else [f"Of commit {own}.", ""]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the table, write the page."""
    options = parser(__doc__)
    options.set_defaults(timeout_s=3600.0)
    options.add_argument("--resume", action="store_true", help="run only what is not kept yet")
    options.add_argument("--only", nargs="+", default=[], metavar="PROGRAM", help="run only these")
    chosen = options.parse_args(arguments)
    console = Console(stderr=True)
    now = commit()
    every = [script.name for script in scripts(["bench_*.py", "measure_*.py"])]
    if unknown := {f"{name}.py" for name in chosen.only} - set(every):
        console.print(f"no program {', '.join(sorted(unknown))}; there are: {', '.join(every)}")
        return 2
    found = run_kept(now, chosen.timeout_s, console, is_resumed=chosen.resume, only=chosen.only)
    runs = [each.run for each in found]
    if not runs:
        console.print("no benchmarks/bench_*.py or measure_*.py found")
        return 1
    Console().print(table(runs))
    if any(run.failure for run in runs):
        console.print(f"{PAGE.relative_to(ROOT)} was left as it is: a program failed")
        return 1
    commits = {each.run.script: each.commit for each in found}
    left_out = [name for name in every if name not in commits]
    text = page(runs, now, cpu_model(), cores(), platform.python_version(), commits, left_out)
    PAGE.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
