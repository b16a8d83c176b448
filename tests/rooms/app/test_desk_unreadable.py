"""Desk files that cannot be read at all."""

from pathlib import Path

import pytest

from hedgerow.app.desk import load_desk
from hedgerow.errors import DeskRejected


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeskRejected, match=r"none\.toml: cannot be read: No such file"):
        load_desk(tmp_path / "none.toml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DeskRejected, match="cannot be read: Is a directory"):
        load_desk(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        b"[desk\n",
        b"name = \n",
        b"a = 1\na = 2\n",
        b"\x00\x01",
        b"\xff\xfe[desk]",
        b"x = " + b"9" * 5_000,
        b"x = " + b"[" * 5_000,
        b"{}",
    ],
)
def test_what_is_not_toml(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "desk.toml"
    path.write_bytes(text)
    with pytest.raises(DeskRejected, match=r"desk\.toml: (not TOML|cannot be read): ."):
        load_desk(path)
