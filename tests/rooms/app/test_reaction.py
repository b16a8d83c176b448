"""``hedgerow solvency reaction``: the distances of a desk against routes, and one against paths."""

import csv
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hedgerow.solvency import rescue_odds
from tests.rooms.app.made import Answer, hedgerow_here, morning
from tests.rooms.solvency.reaction.route_book import generator

ASKED = ("--distance", "-8%", "--vol", "80%")


def reaction(*words: str, at: Path) -> Answer:
    return hedgerow_here("solvency", "reaction", *words, cwd=at)


def routes_of(answer: Answer, row: int = 0) -> dict[str, dict[str, Any]]:
    return {each["route"]: each for each in answer.json()["rows"][row]["routes"]}


@pytest.mark.slow
def test_one_distance_by_every_route(tmp_path: Path) -> None:
    answer = reaction(*ASKED, "--json", at=tmp_path)
    assert (answer.code, answer.err) == (0, "")
    told = answer.json()
    assert (told["routes"], told["regime"]) == ("routes/2026-11-26", "busy fee5")
    found = routes_of(answer)
    assert len(found) == 5
    for each in found.values():
        assert each["distance_log"] == pytest.approx(-math.log(0.92), rel=1e-12)
        p99_s = each["transit"][2]["time_s"]
        if p99_s is not None:
            assert each["arrives_p99_frac"] == pytest.approx(
                rescue_odds(-math.log(0.92), 0.8, p99_s), rel=1e-12
            )
        assert each["is_in_time"] == (each["arrives"]["arrives_frac"] >= 0.99)
    week = found["optimistic-rollup-to-ethereum"]
    assert not week["is_in_time"]
    # Half of the price's paths of a week: 2 N(-x / σ√t), by the table of N.
    assert week["arrives"]["arrives_frac"] == pytest.approx(0.545, abs=0.01)
    assert told["evidence"]["ethereum-to-exchange"]["final"]["evidence"] == "fact"


def test_a_rise_is_another_distance(tmp_path: Path) -> None:
    words = ("--distance", "8%", "--vol", "80%", "--route", "same-venue", "--json")
    (found,) = routes_of(reaction(*words, at=tmp_path)).values()
    assert found["distance_log"] == pytest.approx(math.log(1.08), rel=1e-12)


def test_every_side_of_a_desk_is_asked(tmp_path: Path) -> None:
    words = morning(tmp_path)
    answer = reaction(*words, "--vol", "60%", "--route", "same-venue", "--json", at=tmp_path)
    assert answer.code == 0, answer.err
    shown = hedgerow_here("margin", "what-if", *words, "--add", "perp/BTCUSDT-PERP:1@80000",
                          "--json", cwd=tmp_path)  # fmt: skip
    before = shown.json()["desk/binance/perp"]["before"]
    rows = {(row["account"], row["side"]): row for row in answer.json()["rows"]}
    assert rows["perp", "rise"]["distance_frac"] == before["distance_up_frac"]
    assert ("perp", "fall") not in rows


def test_too_late_is_a_breach_that_is_named(tmp_path: Path) -> None:
    answer = reaction(*ASKED, "--route", "optimistic-rollup-to-ethereum", at=tmp_path)
    assert answer.code == 1
    assert answer.err == (
        "exit 1: as asked breaks at a fall of 8.0 %, and no route arrives before it with 0.99\n"
    )
    assert "TOO LATE" in answer.out


def test_an_account_that_nothing_breaks_is_said_to_be_one(tmp_path: Path) -> None:
    words = morning(tmp_path, ('balances = { USDC = "150000" }', 'balances = { USDC = "15e6" }'))
    asked = (*words, "--vol", "80%", "--route", "same-venue", "--account", "perp")
    answer = reaction(*asked, at=tmp_path)
    assert (answer.code, answer.err) == (0, "")
    assert "perp: no move of up to 70 % breaks it" in answer.out
    (row,) = reaction(*asked, "--json", at=tmp_path).json()["rows"]
    assert row == {
        "account": "perp", "is_liquidatable": False, "side": "", "distance_frac": None,
        "routes": [],
    }  # fmt: skip


@pytest.mark.slow
def test_nearer_than_act_from_is_too_late_whatever_the_odds(tmp_path: Path) -> None:
    """A fall of half of 30 per cent alone takes a log of 0.163, and -8 % is one of 0.083."""
    asked = (*ASKED, "--route", "same-venue")
    (calm,) = routes_of(reaction(*asked, "--json", at=tmp_path)).values()
    jumps = reaction(*asked, "--jump", "30%", "--json", at=tmp_path)
    (found,) = routes_of(jumps).values()
    assert found["trigger_log"] == pytest.approx(calm["trigger_log"] - math.log(0.85), rel=1e-12)
    assert found["arrives"] == calm["arrives"]
    assert found["arrives"]["arrives_frac"] > 0.99
    assert (calm["is_in_time"], found["is_in_time"], jumps.code) == (True, False, 1)
    shown = reaction(*asked, "--jump", "30%", at=tmp_path)
    assert shown.err == (
        "exit 1: as asked breaks at a fall of 8.0 %, and no route arrives before it with 0.99 "
        "and a jump of 30.0 %\n"
    )
    assert "TOO LATE" in shown.out
    assert "a typical jump of 30.0 %" in " ".join(shown.out.split())
    # From further than that it is in time: by the trigger 15.05 %.
    far = ("--distance", "-15.5%", *asked[2:], "--jump", "30%")
    assert reaction(*far, at=tmp_path).code == 0


def test_what_is_liquidatable_now_is_one_line(tmp_path: Path) -> None:
    words = morning(tmp_path, ('balances = { BTC = "3" }', 'balances = { BTC = "0.1" }'))
    asked = (*words, "--vol", "60%", "--account", "options")
    answer = reaction(*asked, at=tmp_path)
    assert (answer.code, answer.err) == (1, "exit 1: options is liquidatable\n")
    assert answer.out.splitlines().count("options: LIQUIDATABLE NOW") == 1
    assert "breaks at" not in answer.out
    assert "Act from  " not in answer.out
    (row,) = reaction(*asked, "--json", at=tmp_path).json()["rows"]
    assert (row["is_liquidatable"], row["distance_frac"], row["routes"]) == (True, 0.0, [])


@pytest.mark.slow
def test_the_same_question_has_the_same_answer_and_another_seed_another(tmp_path: Path) -> None:
    one, two = (reaction(*ASKED, "--json", at=tmp_path).out for _ in range(2))
    assert one == two
    assert reaction(*ASKED, "--draw-seed", "8", "--json", at=tmp_path).out != one


def _candles(path: Path, count: int, sigma: float, hole: int | None = None) -> Path:
    rng = generator(91)
    at, price = datetime(2026, 1, 1, tzinfo=UTC), 100.0
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["ts", "open", "high", "low", "close"])
        for row in range(count):
            steps = price * np.exp(np.cumsum(sigma / 4.0 * rng.standard_normal(16)))
            if row != hole:
                table.writerow(
                    [f"{at:%Y-%m-%dT%H:%M:%SZ}", price, max(price, *steps), min(price, *steps),
                     steps[-1]]
                )  # fmt: skip
            at, price = at + timedelta(minutes=1), float(steps[-1])
    return path


@pytest.mark.slow
@pytest.mark.parametrize("distance", ["-0.7%", "0.7%"])
def test_candles_of_a_walk_give_the_odds_of_a_walk(distance: str, tmp_path: Path) -> None:
    candles = _candles(tmp_path / "candles.csv", 40_000, 0.001)
    answer = reaction(
        "--distance", distance, "--vol", "80%", "--route", "ethereum-to-exchange",
        "--candles", str(candles), "--json", at=tmp_path,
    )  # fmt: skip
    (found,) = routes_of(answer).values()
    recorded = found["arrives_recorded"]
    assert recorded["stretches_count"] > 20
    # The walk has no clusters; a whole period is waited for, which is a little against us.
    assert recorded["arrives_frac"] == pytest.approx(found["arrives"]["arrives_frac"], abs=0.03)
    assert recorded["arrives_frac"] < found["arrives"]["arrives_frac"] + 0.005
    shown = reaction("--distance", distance, "--vol", "80%", "--candles", str(candles),
                     at=tmp_path)  # fmt: skip
    assert "In history" in shown.out.replace("\n", " ") or "history" in shown.out
    # A week needs more than a month of candles: unknown, and so not in time.
    assert "separate stretches" in " ".join(shown.out.split())


REFUSED = [
    (("--distance", "0", "--vol", "80%"), "a breach now"),
    ((*ASKED, "--account", "perp"), "leave out the desk"),
    ((*ASKED, "--route", "pigeon"), "no route pigeon"),
    ((*ASKED, "--routes", "none.toml"), "no such file"),
    ((*ASKED, "--candles", "none.csv"), "no such file"),
    ((*ASKED, "--draws", "0"), "count must be positive"),
    (("--distance", "-8%", "--vol", "80"), "probably a percentage"),
    (("--distance", "-8%"), "--vol"),
]


@pytest.mark.parametrize(("words", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    answer = reaction(*words, at=tmp_path)
    assert answer.code == 2
    assert told in answer.err
    assert "bug" not in answer.err


def test_candles_that_close_outside_themselves_are_refused(tmp_path: Path) -> None:
    candles = tmp_path / "candles.csv"
    candles.write_text(
        "ts,high,low,close\n2026-01-01T00:00:00Z,101,99,100\n2026-01-01T00:01:00Z,101,100.5,100\n"
    )
    answer = reaction(*ASKED, "--candles", str(candles), at=tmp_path)
    assert answer.code == 2
    assert "row 2 closes above its high or below its low" in answer.err


def test_candles_with_a_hole_are_refused(tmp_path: Path) -> None:
    candles = _candles(tmp_path / "candles.csv", 50, 0.001, hole=20)
    answer = reaction(*ASKED, "--candles", str(candles), at=tmp_path)
    assert answer.code == 2
    assert "evenly apart" in answer.err


def test_a_file_of_routes_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        """
name = "mine"
statement = "Measured by nobody."
tail_power = 0.0
stages_correlation_frac = 0.5
volatility_correlation_frac = 0.5
busy_from_frac = 0.6
wild_from_frac = 1.2
[[routes]]
name = "by-hand"
meaning = "somebody walks there"
fails_why = "never"
fails_frac = { any = 0.0 }
[[routes.stages]]
stage = "credited"
evidence = "assumed"
why = "an hour"
times_s = { any = [3600, 3600, 3600, 3600, 3600] }
""",
        encoding="utf-8",
    )
    answer = reaction(*ASKED, "--routes", "mine.toml", "--json", at=tmp_path)
    (found,) = routes_of(answer).values()
    assert found["arrives"]["arrives_frac"] == pytest.approx(
        rescue_odds(-math.log(0.92), 0.8, 3600.0), rel=1e-12
    )
    # z σ √t, methods sheet 28: 149.133 basis points at 60 % are 198.844 at 80 %.
    assert found["waiting"]["value_bps"] == pytest.approx(149.1330347221191 * 8 / 6, rel=1e-9)


def test_a_distance_that_is_unknown_is_a_breach(tmp_path: Path) -> None:
    words = morning(tmp_path, ('quote = "20m"', 'quote = "1s"'))
    asked = (*words, "--vol", "60%", "--route", "same-venue", "--at", "2026-02-01T05:07:00Z")
    answer = reaction(*asked, at=tmp_path)
    assert answer.code == 1
    assert "the distance of perp is unknown" in answer.err
    assert "Distance unknown" in answer.out
    rows = {row["account"]: row for row in reaction(*asked, "--json", at=tmp_path).json()["rows"]}
    assert rows["perp"]["failure"]["reason"] == "stale_data"
    assert "routes" not in rows["perp"]
