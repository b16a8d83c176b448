"""Damage is made again by its seed, and what a reader must not do is noticed."""

from pathlib import Path

import numpy as np
import pytest

from hedgerow.errors import RecordingRejected
from tools import fuzz


def test_the_same_seed_makes_the_same_damage_and_another_another() -> None:
    whole = bytes(range(256)) * 8
    made = [fuzz.damaged(whole, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
    assert all(fuzz.damaged(whole, np.random.default_rng(n)) != whole for n in range(200))


def test_no_damage_is_too_much_for_nothing() -> None:
    for seed in range(50):
        fuzz.damaged(b"", np.random.default_rng(seed))


def test_every_kind_of_file_is_read_or_refused_in_words(tmp_path: Path) -> None:
    refused = fuzz.one_seed(1, 4, tmp_path)
    assert set(refused) == {
        "rulebook", "desk file", "journal", "candles", "funding", "chain table",
    }  # fmt: skip
    assert sum(refused.values()) > 12


@pytest.mark.parametrize("seed", range(len(list((fuzz.ROOT / "examples").glob("*.toml")))))
def test_every_example_is_read_where_it_is_damaged(tmp_path: Path, seed: int) -> None:
    """One of them names a folder of rulebooks beside it."""
    path = tmp_path / "desk.toml"
    fuzz.read_desk(path, fuzz.make_desk(path, seed))


def reader(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def read(path: Path, known: str) -> None:
        if path.read_bytes() != known.encode():
            raise error

    def make(path: Path, seed: int) -> str:
        path.write_text(f"whole {seed}")
        return f"whole {seed}"

    monkeypatch.setattr(fuzz, "READERS", {"file": fuzz.Reader("a kind", make, read)})


def test_another_exception_is_a_failure_and_its_file_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader(monkeypatch, KeyError("oops"))
    assert fuzz.main(["--seed", "3", "--folder", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("a kind, seed 3, round 0: KeyError: 'oops'; the file is ")
    assert (tmp_path / "a-kind" / "file").read_bytes() != b"whole 3"


def test_a_refusal_in_words_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader(monkeypatch, RecordingRejected("no"))
    assert fuzz.main(["--rounds", "7", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "a kind 7/7\n"


def test_a_journal_must_be_the_one_whose_head_is_known(tmp_path: Path) -> None:
    head = fuzz.make_journal(tmp_path / "journal.db", 1)
    fuzz.read_journal(tmp_path / "journal.db", head)
    with pytest.raises(Exception, match="does not pass through"):
        fuzz.read_journal(tmp_path / "journal.db", "0" * 64)
