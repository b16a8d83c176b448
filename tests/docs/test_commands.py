"""Every command that a page shows works, and the README shows what the main job prints."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tools.readme import printed, shown

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _commands() -> dict[str, str]:
    """Give each command once, in order, with the first page that shows it."""
    found: dict[str, str] = {}
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.splitlines():
                words = line.split("#")[0].strip()
                if words.removeprefix(".venv/bin/").startswith("hedgerow "):
                    found.setdefault(words, page.name)
    return found


def test_every_command_is_shown_where_it_is_installed() -> None:
    assert len(_commands()) > 5, "the pages lost their commands, or this test its eyes"
    bare = [words for words in _commands() if not words.startswith(".venv/bin/hedgerow ")]
    assert not bare, "nobody who follows the README has these on the path"


# What another test or a benchmark runs.
_JOURNAL = "hedgerow journal verify out/journal.db"
_ELSEWHERE = {
    _JOURNAL: "the test of the README, which wrote it",
    "run examples/crash": "tests/rooms/app/test_crash.py, twice",
    "examples/hedged_strangle_2026.toml": "benchmarks/bench_plans.py",
    "backtest-loop": "tests/rooms/app/test_loop_backtest.py, for less of 2022",
    "backtest-carry": "tests/rooms/app/test_carry_backtest.py, for two of its months",
}
_SHARES = 6


@pytest.mark.slow
def test_the_readme_shows_what_the_first_command_prints(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    assert shown() == printed(tmp_path), "README.md shows another output: python tools/readme.py"
    assert _done(_JOURNAL, tmp_path).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("share", range(_SHARES))
def test_every_command_on_a_page_runs(share: int, tmp_path: Path) -> None:
    """In shares, so that two workers have something to do."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for words, page in list(_commands().items())[share::_SHARES]:
        if any(part in words for part in _ELSEWHERE):
            continue
        if "shared/data" in words and not DATA.is_dir():
            continue  # test_minimal is skipped visibly; here the rest still counts
        command = words.removeprefix(".venv/bin/").replace("../shared/data", str(DATA))
        done = _done(command, tmp_path)
        assert done.returncode in (0, 1), f"{page}: {words}\n{done.stderr}"


def _done(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
