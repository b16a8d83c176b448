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


@pytest.mark.slow
def test_every_command_on_a_page_runs_and_the_readme_shows_the_first(tmp_path: Path) -> None:
    """One test, since two workers would each play the episode."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    seen = printed(tmp_path)
    for words, page in _commands().items():
        if "run examples/crash" in words:
            continue  # tests/rooms/app/test_crash.py runs it, twice
        if "shared/data" in words and not DATA.is_dir():
            continue  # test_minimal is skipped visibly; here the rest still counts
        command = words.removeprefix(".venv/bin/").replace("../shared/data", str(DATA))
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), f"{page}: {words}\n{done.stderr}"
    assert shown() == seen, "README.md shows another output; run: python tools/readme.py"
