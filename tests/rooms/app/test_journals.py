"""``hedgerow journal verify`` tells an anchor that is none from a journal that was cut off."""

from pathlib import Path

import pytest

from hedgerow.execution import Header, Journal
from tests.rooms.app.made import hedgerow_here


@pytest.fixture
def head(tmp_path: Path) -> str:
    """Write a journal of two rows and give its head."""
    header = Header(
        desk_digest="a" * 64,
        rulebooks_digest="b" * 64,
        data_name="a morning",
        data_digest="c" * 64,
        seed=7,
        mode="auto",
    )
    with Journal.create(tmp_path / "journal.db", header, time_ns=0) as journal:
        journal.append("end", 1, {"frames_count": 0})
        return journal.head


def test_an_anchor_may_be_written_in_capitals(head: str, tmp_path: Path) -> None:
    for anchor in (head, head.upper()):
        words = ("journal", "verify", "journal.db", "--anchor", anchor)
        assert hedgerow_here(*words, cwd=tmp_path).code == 0


@pytest.mark.parametrize("kept", [0, 12, 63])
def test_a_shortened_anchor_is_no_head_and_accuses_nobody(
    head: str, kept: int, tmp_path: Path
) -> None:
    words = ("journal", "verify", "journal.db", "--anchor", head[:kept])
    answer = hedgerow_here(*words, cwd=tmp_path)
    assert answer.code == 2
    assert "--anchor must be a whole head, 64 hexadecimal digits" in answer.err
    assert f"{kept} characters" in answer.err
    assert "cut off" not in answer.err


def test_another_head_is_still_told(head: str, tmp_path: Path) -> None:
    other = "0" * 63 + "1"
    answer = hedgerow_here("journal", "verify", "journal.db", "--anchor", other, cwd=tmp_path)
    assert answer.code == 2
    assert f"does not pass through {other}" in answer.err
    assert head in answer.err
