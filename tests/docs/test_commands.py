"""Every command that a page shows works, and the README shows what the main job prints."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.splitlines():
                words = line.split("#")[0].strip().removeprefix(".venv/bin/")
                if words.startswith("hedgerow "):
                    found.append((page.name, words))
    return found


@pytest.mark.slow
def test_every_command_on_a_page_runs(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    commands = _commands()
    assert len(commands) > 5, "the pages lost their commands, or this test its eyes"
    for page, words in commands:
        if "--data" in words:
            if not DATA.is_dir():
                continue  # test_crash says that the data is absent; here the rest still counts
            words = words.replace("../shared/data", str(DATA))
            words = words.replace("hedgerow run", "hedgerow run --no-compare")
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(words)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), f"{page}: {words}\n{done.stderr}"


@pytest.mark.slow
def test_the_readme_shows_what_a_newcomer_sees() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "readme.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
