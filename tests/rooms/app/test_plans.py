"""A plan without legs says whether all is fine, and where it is not, what it was asked for."""

import json
import sys
from pathlib import Path

import pytest

from hedgerow.errors import Failure
from hedgerow.limits import survey
from tests.rooms.app.made import DESK, LIMITS, hedgerow_here, morning

HEDGED = "The [[hedges]] of the desk file are for BTC."
# A morning whose BTC delta lies within any band, so that no hedge is planned.
IN_BAND = ("band_min_coin = 0.1", "band_min_coin = 1000")
# Vega is of the options: no perpetual hedges it.
BROKEN = (
    'metric = "delta_spot_usd"\nsoft = 50000\nhard = 500000',
    'metric = "vega_usd_per_volpt"\nsoft = 1\nhard = 2',
)

# A morning without an order book, and with nothing broken.
NO_BOOK = ((DESK[DESK.index("[assumptions.depth]") :], ""), (LIMITS, ""))

_ON_A_VENUE = (
    'scope = "coin/BTC"\nmetric = "delta_spot_usd"\nsoft = 50000\nhard = 500000',
    'scope = "desk/binance"\nmetric = "default_loss_usd"\nsoft = 1\nhard = 2',
)


def planned(folder: Path, *changes: tuple[str, str], verb: str = "hedge") -> tuple[str, str]:
    answer = hedgerow_here(verb, "plan", *morning(folder, *changes), cwd=folder)
    return answer.out, answer.err


def test_nothing_to_do_is_said_only_where_all_is_fine(tmp_path: Path) -> None:
    fine, _ = planned(tmp_path, IN_BAND, (LIMITS, ""))
    assert "nothing to do." in fine
    assert "[[hedges]]" not in fine


@pytest.mark.parametrize(
    ("verb", "why"),
    [
        ("hedge", "none of BTC is a lot outside of its own, and other limits are not theirs."),
        ("collateral", "none of options is or does, and other limits are not theirs."),
    ],
)
def test_a_limit_at_soft_says_why_nothing_is_done(verb: str, why: str, tmp_path: Path) -> None:
    """A vega is between the bars; the buffer's trigger is beyond what any account uses."""
    soft = (BROKEN[0], 'metric = "vega_usd_per_volpt"\nsoft = 1\nhard = 1000000')
    full = ('trigger_use = "0.60"\ntarget_use = "0.45"', 'trigger_use = "0.99"\ntarget_use = "0.9"')
    told, _ = planned(tmp_path, IN_BAND, soft, full, verb=verb)
    said = " ".join(told.split())
    assert ": nothing to do. coin/BTC vega: stands at soft" in said
    assert why in said


@pytest.mark.parametrize("verb", ["plan", "bands"])
def test_a_hedge_that_cannot_be_judged_is_no_fine_answer(verb: str, tmp_path: Path) -> None:
    words = morning(tmp_path, *NO_BOOK)
    answer = hedgerow_here("hedge", verb, *words, cwd=tmp_path)
    why = "no order book for BTCUSDT-PERP by 2026-02-01T05:00:00Z"
    assert answer.code == 1
    assert "exit 1: " in answer.err
    assert why in answer.err
    if verb == "plan":
        told = hedgerow_here("hedge", verb, *words, "--json", cwd=tmp_path)
        assert (told.code, told.err) == (1, "")
        (said,) = told.json()["breaches"]
        assert why in said


def test_a_hedge_that_is_only_cut_is_known(tmp_path: Path) -> None:
    """A thin book leaves some of what is wanted undone, and the plan says so."""
    shallow = ("depth_usd_per_bps = 400000", "depth_usd_per_bps = 400")
    words = morning(tmp_path, (LIMITS, ""), shallow)
    told = hedgerow_here("hedge", "plan", *words, "--json", cwd=tmp_path)
    (cut,) = told.json()["unmet"]
    assert cut["reason"] == "no_source"
    assert (told.code, told.json()["breaches"]) == (0, [])


def test_a_limit_that_no_hedge_mends_stays_broken(tmp_path: Path) -> None:
    told, _ = planned(tmp_path, IN_BAND, BROKEN)
    assert "nothing to do" not in told
    assert "no leg, and not all is fine" in told
    assert "coin/BTC vega: the hard limit stays broken" in told
    assert HEDGED in told


def test_what_is_unknown_is_said_with_its_reason(tmp_path: Path) -> None:
    told, _ = planned(tmp_path, IN_BAND, ('option = "6h"', 'option = "1m"'))
    (row,) = [each for each in told.splitlines() if "options distance: unknown, " in each]
    assert "option quote for BTC-27FEB26-75000-P is 9000 s old" in row


def test_an_unknown_distance_has_its_reason_on_the_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The requirement is known and the distance is not: the line says why."""
    gone = Failure(subject="options", reason="not_converged", message="no root was found")
    monkeypatch.setattr(sys.modules[survey.__module__], "distance", lambda *_, **__: gone)
    words = morning(tmp_path)
    answer = hedgerow_here("margin", "require", *words, cwd=tmp_path, anew=True)
    assert answer.code == 1
    assert "the distance of options is unknown (no root was found)" in answer.err


def test_what_doing_nothing_would_cost_is_told_of_accounts_that_no_route_reaches(
    tmp_path: Path,
) -> None:
    """Of the morning's desk money reaches the options alone."""
    answer = hedgerow_here("plan", "make", *morning(tmp_path), "--json", cwd=tmp_path)
    (told,) = [each for each in answer.json()["assumptions"] if each.startswith("Doing nothing is")]
    assert " USD at options" in told
    assert " USD at perp" in told
    assert "treasury" not in told


def test_a_plan_tells_whether_limits_hold_after_it_and_what_it_keeps_inside_of(
    tmp_path: Path,
) -> None:
    """A vega is brought back by buying the puts; what the desk would lose with a venue is not.

    Either is beyond its limit now, so the exit status is the same.
    """
    words = morning(tmp_path, BROKEN)
    answer = hedgerow_here("plan", "make", *words, "--json", cwd=tmp_path)
    made = answer.json()
    assert (answer.code, made["holds_after"], made["unmet"]) == (1, True, [])
    assert [leg["reason"].split("; ")[1] for leg in made["legs"]] == ["for coin/BTC vega"]
    assert [each["node"] for each in made["greeks"]] == ["desk", "coin/BTC"]
    assert all(each["before_usd"]["vega_usd_per_volpt"] < 0.0 for each in made["greeks"])
    assert all(each["after_usd"]["vega_usd_per_volpt"] == 0.0 for each in made["greeks"])
    (inside,) = [each for each in made["assumptions"] if "a little inside" in each]
    assert "60 % it aims at 57.0 %, of a distance of at least 20 % at 21.1 %" in inside
    assert "inside the bound itself is enough" in inside
    told = hedgerow_here("plan", "make", *words, cwd=tmp_path).out
    assert "After it every limit holds." in told
    assert "Greeks, before and expected after" in told
    other = tmp_path / "other"
    other.mkdir()
    words = morning(other, _ON_A_VENUE)
    answer = hedgerow_here("plan", "make", *words, "--json", cwd=other)
    left = answer.json()
    assert (answer.code, left["holds_after"], left["legs"], left["greeks"]) == (1, False, [], [])
    (said,) = left["unmet"]
    assert said["subject"] == "desk/binance"
    assert said["message"].startswith("default_loss_usd is hard at ")
    assert "the plan found it so; what legs do to it is not foretold" in said["message"]
    told = " ".join(hedgerow_here("plan", "make", *words, cwd=other).out.split())
    assert "1 of 3 limits does not hold: desk/binance loss if it defaults (hard)." in told
    # What is written is told again as it was.
    hedgerow_here("plan", "make", *words, "--out", "plan.json", cwd=other)
    shown = hedgerow_here("plan", "show", "plan.json", "--json", cwd=other)
    assert (shown.code, shown.json()["holds_after"]) == (0, False)
    assert shown.json()["unmet"] == left["unmet"]


def test_a_plan_says_by_what_reason_a_limit_is_unknown(tmp_path: Path) -> None:
    """Every quote of an option is there, and older than the minute that is allowed."""
    words = morning(tmp_path, ('option = "6h"', 'option = "1m"'))
    made = hedgerow_here("plan", "make", *words, "--json", cwd=tmp_path).json()
    untold = [each for each in made["unmet"] if "not planned for" in each["message"]]
    assert {each["reason"] for each in untold} == {"stale_data"}
    assert all(" against " in each["message"] for each in untold)
    assert made["holds_after"] is None
    assert len(made["unmet"]) == len({str(each) for each in made["unmet"]})
    unknown = [each for each in made["limits_before"] if each["rung"] == "unknown"]
    assert {each["node"] for each in unknown} == {each["subject"] for each in untold}
    assert {why["reason"] for each in unknown for why in each["missing"]} == {"stale_data"}


def test_a_limit_that_a_hedge_breaks_is_named(tmp_path: Path) -> None:
    """Twelve coins more are hedged by perpetuals of an account of 60,000 USDC."""
    words = morning(
        tmp_path,
        ('USDC = "150000"', 'USDC = "60000"'),
        ('quantity_contracts = "-5.5"', 'quantity_contracts = "0"'),
        ('BTC = "2" }', 'BTC = "12" }'),
    )
    told = json.loads(hedgerow_here("hedge", "plan", *words, "--json", cwd=tmp_path).out)
    before, after = (
        {each["node"]: each for each in told[side] if each["metric"] == "distance_spot_frac"}
        for side in ("limits_before", "limits_after")
    )
    broken = after["desk/binance/perp"]
    assert (before["desk/binance/perp"]["rung"], broken["rung"]) == ("calm", "soft")
    assert told["newly_broken"] == [broken]
    shown = " ".join(hedgerow_here("hedge", "plan", *words, cwd=tmp_path).out.split())
    assert (
        "Broken by these legs desk/binance/perp distance: calm before, soft after, with bounds of "
        f"15.0 % and 1.0 %: {broken['message']}"
    ) in shown


def test_a_hedge_that_breaks_nothing_names_nothing(tmp_path: Path) -> None:
    words = morning(tmp_path)
    told = json.loads(hedgerow_here("hedge", "plan", *words, "--json", cwd=tmp_path).out)
    assert told["legs"]
    assert told["newly_broken"] == []
    assert "Broken by these" not in hedgerow_here("hedge", "plan", *words, cwd=tmp_path).out
