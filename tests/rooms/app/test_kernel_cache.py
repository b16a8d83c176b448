"""Compiled code has a place of its own, and only those who price wait for the compiler."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from hedgerow.app.compiling import say_compiling
from hedgerow.app.kernel_cache import choose_kernel_cache
from hedgerow.pricing import compiling

VARIABLE = "NUMBA_CACHE_DIR"


@pytest.fixture(autouse=True)
def nobody_has_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.delitem(sys.modules, "numba", raising=False)


def test_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = choose_kernel_cache(tmp_path)
    assert folder == tmp_path / "kernels"
    assert folder.is_dir()
    assert not list(folder.iterdir())
    assert os.environ[VARIABLE] == str(folder)
    assert choose_kernel_cache(tmp_path / "other") is None  # chosen already


def test_it_lies_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = choose_kernel_cache()
    assert folder is not None
    assert folder.parent == tmp_path / "hedgerow"


def test_what_cannot_be_written_is_left_to_numba(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(blocked))
    assert choose_kernel_cache() is None
    assert choose_kernel_cache(blocked) is None


def test_after_numba_it_is_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", sys)
    assert choose_kernel_cache(tmp_path) is None


@pytest.mark.slow
def test_help_and_the_rooms_do_not_wait_for_numba() -> None:
    code = (
        "import sys, hedgerow.app.cli, hedgerow.pricing, hedgerow.solvency\n"
        "sys.argv = ['hedgerow', '--help']\n"
        "try: hedgerow.app.cli.main()\n"
        "except SystemExit: pass\n"
        "sys.exit('numba' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def silence_broken(folder: Path, *, on_terminal: bool) -> tuple[str, str]:
    """Ask for a vol with kernels kept in a folder; give what stdout and stderr got."""
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [
            sys.executable, "-m", "hedgerow", "price", "implied", "--right", "call", "--price", "8",
            "--underlying", "100", "--strike", "100", "--years", "1", "--json",
        ],
        env=os.environ | {VARIABLE: str(folder)},
        stdout=subprocess.PIPE, stderr=theirs if on_terminal else subprocess.PIPE,
        text=True, timeout=120, check=True,
    )  # fmt: skip
    os.write(theirs, b".")  # so that there is something to read
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    return done.stdout, said.removesuffix(".") + (done.stderr or "")


@pytest.mark.slow
def test_who_waits_for_the_compiler_is_told_so_on_a_terminal(tmp_path: Path) -> None:
    out, said = silence_broken(tmp_path / "first", on_terminal=True)
    assert json.loads(out)["vols"]["price"]["reason"] is None
    assert said.startswith("compiling the pricing code")
    assert said.count("\n") == 1
    assert silence_broken(tmp_path / "first", on_terminal=True) == (out, "")
    assert silence_broken(tmp_path / "second", on_terminal=False) == (out, "")


@pytest.mark.parametrize("on_terminal", [True, False])
def test_who_will_wait_again_is_told_why_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], on_terminal: bool
) -> None:
    """Once, however many kernels cannot be kept; and nobody who reads a pipe."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: on_terminal, raising=False)
    compiling.hear(lambda: None, lambda why: None)
    say_compiling()
    for why in ("OSError: no space left", "OSError: again"):
        compiling.lost(why)
    told = capsys.readouterr().err
    assert told.startswith("it cannot be kept (OSError: no space left), so " if on_terminal else "")
    assert told.count("\n") == on_terminal
