"""The table of figures and bars, and the page of them."""

import json
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tools import bench, measure

QUIET = Console(quiet=True)
ROW = {"name": "a_ms", "value": 2.0, "unit": "ms", "better": "lower", "bar": 1.0, "note": "n|n"}


def program(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(body, encoding="utf-8")


def printing(*rows: dict[str, object]) -> str:
    return f"print({json.dumps({'results': list(rows)})!r})"


@pytest.mark.parametrize(
    ("better", "value", "bar", "verdict"),
    [
        ("lower", 1.0, 1.0, "met"), ("lower", 1.1, 1.0, "missed"), ("higher", 1.0, 1.0, "met"),
        ("higher", 0.9, 1.0, "missed"), ("higher", 0.9, None, "none"),
    ],
)  # fmt: skip
def test_a_bar_is_met_on_its_good_side(
    better: str, value: float, bar: float | None, verdict: str
) -> None:
    row = {**ROW, "better": better, "value": value, "bar": bar}
    output = msgspec.convert({"results": [row]}, bench.Output)
    assert output.results[0].verdict == verdict


def test_programs_run_by_name_and_a_missed_bar_is_marked(tmp_path: Path) -> None:
    program(tmp_path, "bench_b.py", printing(ROW))
    program(tmp_path, "bench_a.py", printing({**ROW, "bar": None}))
    program(tmp_path, "other.py", "raise SystemExit(3)")
    runs = bench.run_all(["bench_*.py"], 60, QUIET, tmp_path)
    assert [run.script for run in runs] == ["bench_a.py", "bench_b.py"]
    assert [run.failure for run in runs] == [None, None]
    console = Console(width=120)
    with console.capture() as captured:
        console.print(bench.table(runs))
    text = captured.get()
    assert text.count("MISSED") == 1
    assert "≤ 1" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise SystemExit('no data')", "exit code 1: no data"),
        ("print('hello')", "printed something else"),
        (printing({**ROW, "better": "more"}), "printed something else"),
        (printing(), "printed no result"),
        ("import time; time.sleep(60)", "took longer than 1 s"),
    ],
)
def test_a_program_that_does_not_work_is_a_failure(tmp_path: Path, body: str, says: str) -> None:
    program(tmp_path, "bench_a.py", body)
    run = bench.run_one(tmp_path / "bench_a.py", 1 if "sleep" in body else 60)
    assert run.failure is not None
    assert says in run.failure
    assert run.results == ()


def test_the_page_shows_bar_figure_command_commit_and_machine() -> None:
    (result,) = msgspec.convert({"results": [ROW]}, bench.Output).results
    runs = [bench.Run(script="bench_a.py", results=(result,))]
    text = measure.page(runs, "0123456789ab", "Some CPU", 2, "3.11.7")
    for part in (
        "- commit: 0123456789ab",
        "- machine: Some CPU, 2 cores",
        "- Python: 3.11.7",
        "## `python benchmarks/bench_a.py --json`",
        "| `a_ms` | 2 | ms | ≤ 1 | missed | n\\|n |",
    ):
        assert part in text


def test_what_a_program_printed_is_kept_and_told_with_its_own_commit(tmp_path: Path) -> None:
    program(tmp_path, "bench_a.py", printing(ROW))
    program(tmp_path, "measure_b.py", printing({**ROW, "name": "b"}))
    program(tmp_path, "measure_c.py", "raise SystemExit('must not run')")
    folders = {"folder": tmp_path, "kept": tmp_path / "kept"}
    only = ["bench_a", "measure_b"]
    (first, _) = measure.run_kept("old", 60, QUIET, is_resumed=False, only=only, **folders)
    program(tmp_path, "bench_a.py", "raise SystemExit('must not run again')")
    (tmp_path / "kept" / "measure_b.json").unlink()
    again = measure.run_kept("new", 60, QUIET, is_resumed=True, only=only, **folders)
    assert again[0] == first
    assert [each.commit for each in again] == ["old", "new"]
    commits = {each.run.script: each.commit for each in again}
    runs = [each.run for each in again]
    text = measure.page(runs, "new", "Some CPU", 2, "3.11.7", commits, ["measure_c.py"])
    assert "bench_a.py --json`\n\nOf commit old.\n\n| name" in text
    assert text.count("Of commit") == 1
    assert "- not measured here: measure_c.py" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0"), (0.012345678, "0.012346"), (1234.5, "1,234.5"),
     (51234.7, "51,235"), (1e-9, "1e-09")],
)  # fmt: skip
def test_figures_are_short(value: float | None, text: str) -> None:
    assert bench.figure(value) == text
