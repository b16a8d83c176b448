"""A file is written whole or not at all."""

from pathlib import Path

import pytest

from hedgerow.app.written import write_file, write_text
from hedgerow.errors import RequestRejected


def test_a_file_that_fails_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert write_text(path, "--out", "first") == f"{path} written"

    def half(beside: Path) -> None:
        beside.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_file(path, "--out", half)
    assert path.read_text(encoding="utf-8") == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_readable_by_whom_the_umask_allows(tmp_path: Path) -> None:
    path, plain = tmp_path / "a.csv", tmp_path / "plain"
    write_text(path, "--out", "text")
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_place_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestRejected, match=r"--out .*there is no folder"):
        write_text(tmp_path / "none" / "a", "--out", "")
    with pytest.raises(RequestRejected, match="is a folder"):
        write_text(tmp_path, "--out", "")
