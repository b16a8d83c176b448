"""What commands say beside their numbers: units, signs, what was assumed, and what is missing."""

from pathlib import Path

import pytest

from tests.rooms.app.made import DESK, hedgerow_here, morning

HEDGES = DESK[DESK.index("[[hedges]]") : DESK.index("[[buffers]]")]
BUFFERS = DESK[DESK.index("[[buffers]]") : DESK.index("[[routes]]")]
VOLS = ("[assumptions.depth]", "[vols]\nBTC = 0.9\n\n[assumptions.depth]")


def said(*words: str, cwd: Path) -> str:
    answer = hedgerow_here(*words, cwd=cwd)
    return " ".join((answer.out + str(answer.err)).split())


def test_a_call_names_the_vol_that_its_deadline_hangs_on(tmp_path: Path) -> None:
    words = morning(tmp_path, VOLS)
    answer = hedgerow_here("calls", "show", *words, "--json", cwd=tmp_path).json()
    assert answer["assumptions"][0] == "options: a vol of 90.0 % a year, BTC."
    assert answer["assumptions"][-1].startswith("Probabilities and deadlines hang on these vols")
    assert answer["assumptions"][0] in said("calls", "show", *words, cwd=tmp_path)


def test_calls_and_limits_write_a_distance_alike(tmp_path: Path) -> None:
    """Puts sold break by a fall, whose sign is negative wherever it is written."""
    words = morning(tmp_path)
    limits = hedgerow_here("limits", "show", *words, cwd=tmp_path).out
    (row,) = [each for each in limits.splitlines() if "options" in each and "distance" in each]
    (written,) = [each for each in row.split() if each.startswith("-")]
    calls = hedgerow_here("calls", "show", *words, cwd=tmp_path).out
    (ladder,) = [each for each in calls.splitlines() if each.startswith("options")]
    assert f" {written} %" in ladder
    for shown in (limits, calls):
        assert "a fall is negative, a rise positive" in " ".join(shown.split())
    held = hedgerow_here("calls", "show", *words, "--json", cwd=tmp_path).json()["ladder"][0]
    assert held["toward"] == "fall"
    assert held["measured_frac"]["distance_spot_frac"] == pytest.approx(
        -float(written) / 100, abs=1e-3
    )


def test_a_desk_that_hedges_nothing_is_told_what_to_write(tmp_path: Path) -> None:
    bare = morning(tmp_path, (HEDGES, ""), (BUFFERS, ""))
    told = said("hedge", "bands", *bare, cwd=tmp_path)
    assert "the desk file hedges no coin: write a [[hedges]] table" in told
    assert "hedges no coin: write a [[hedges]] table" in said(
        "hedge", "backtest", *bare, "--policy", "fixed", cwd=tmp_path
    )


def test_a_floor_needs_asks_and_says_where_to_find_them(tmp_path: Path) -> None:
    answer = hedgerow_here("hedge", "structure", "--quantity", "10", cwd=tmp_path)
    assert answer.code == 1
    assert "this chain lists no ask at all" in answer.err
    assert "read recorded ones with --chains FOLDER" in answer.err
    # A recorded chain with asks says nothing of them.
    words = morning(tmp_path)
    whole = ("hedge", "structure", *words, "--quantity", "1", "--days", "20", "--lot", "0.1")
    assert "no ask at all" not in said(*whole, cwd=tmp_path)


def test_bands_say_why_the_band_in_use_is_not_that_of_its_row(tmp_path: Path) -> None:
    """Of the embedded desk gamma is taken as its size within a day's move, a little more."""
    told = said("hedge", "bands", "--coin", "BTC", cwd=tmp_path)
    at = told.index("it would hedge outside of ")
    plain_coin = float(told[at:].split()[5])
    row_coin = float(told[told.index("the row of whalley-wilmott has ") :].split()[5].rstrip(","))
    (row,) = [
        each
        for each in hedgerow_here("hedge", "bands", "--coin", "BTC", cwd=tmp_path).out.splitlines()
        if each.startswith("whalley-wilmott ")
    ]
    low, _, high = map(float, row.split()[1:4])
    assert row_coin == pytest.approx((high - low) / 2, abs=1e-4)
    assert row_coin > plain_coin
    # Of ether nothing bends, both are as wide as they may be, and nothing is to be explained.
    assert "the row of" not in said("hedge", "bands", "--coin", "ETH", cwd=tmp_path)
