"""``hedgerow hedge backtest-loop``: closed forms of a loop, its peg and its liquidation."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.rooms.app.made import Answer, hedgerow_here
from tests.rooms.app.recorded_rates import desk_like, recorded_rates

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "staked_loop_2022.toml"
START = datetime(2022, 3, 1, tzinfo=UTC)
DAYS = 4
STEP = timedelta(hours=30, seconds=7)  # after the start the peg gives way
THRESHOLD = 0.75  # of stETH until 2022-05-19
PRICE_USD = 2_000.0
STILL = (
    ('end = "2022-10-31T00:00:00Z"', f'end = "2022-03-0{1 + DAYS}T00:00:00Z"'),
    ("supply_apr = 0.04", "supply_apr = 0.0"),
    ("borrow_apr = 0.025", "borrow_apr = 0.0"),
)  # fmt: skip


def world(
    folder: Path,
    *pegs: str,
    funding_frac: float = 0.0,
    fall_frac: float = 0.0,
    changes: tuple[tuple[str, str], ...] = (),
) -> list[str]:
    """Write a desk and recordings: the peg goes from one to each of `pegs`, a day apart."""
    rounds = [(START - timedelta(hours=40), "1.0"), (START - timedelta(hours=16), "1.0")]
    rounds += [(START + timedelta(hours=4), "1.0")]
    at = [START + STEP + timedelta(hours=20 * n) for n in range(4)]
    rounds += list(zip(at, [*pegs, *[pegs[-1] if pegs else "1.0"] * 4], strict=False))

    def price_usd(hour: int) -> float:
        return PRICE_USD * (1.0 - (fall_frac if hour >= 48 + 24 else 0.0))

    data = recorded_rates(
        folder / "data",
        coin="ETH",
        start=START - timedelta(hours=48),
        hours_count=48 + 24 * DAYS,
        price_usd=price_usd,
        funding_frac=lambda hour: funding_frac,
        rounds=rounds,
    )
    desk = desk_like(EXAMPLE, folder, *STILL, *changes)
    return [str(desk), "--data", str(data)]


def ask(words: list[str], *more: str) -> Answer:
    return hedgerow_here("hedge", "backtest-loop", *words, *more, cwd=Path(words[0]).parent)


def told(words: list[str], *more: str) -> Any:
    return ask(words, *more, "--json").json()["policies"]


def loop_of(policy: Any) -> Any:
    return next(each for each in policy["nearest"] if each["account_id"] == "loop")


def test_the_peg_liquidates_where_the_health_factor_says(tmp_path: Path) -> None:
    """A loop of 3.6 owes 2,600 of 3,600: (1 - 1/3.6)/0.75 = 0.96296 is its last peg."""
    (tmp_path / "safe").mkdir()
    (tmp_path / "gone").mkdir()
    flags = ("--policy", "none", "--leverage", "3.6")
    safe = told(world(tmp_path / "safe", "0.964"), *flags)["none"]
    assert safe["liquidations"] == []
    near = loop_of(safe)
    use = (1 - 1 / 3.6) / THRESHOLD / 0.964
    assert near["use_frac"] == pytest.approx(use, abs=1e-9)
    assert near["way"] == "peg of stETH"
    assert near["move_frac"] == pytest.approx(use - 1, abs=2e-4)

    gone = told(world(tmp_path / "gone", "0.962"), *flags)["none"]
    (call,) = gone["liquidations"]
    assert call["account_id"] == "loop"
    assert call["time_ns"] == round((START + STEP).timestamp()) * 10**9
    # Half of 2,600 ether is repaid, and 7.5 % more seized.
    assert float(call["loss_usd"]) == pytest.approx(1_300 * 0.075 * PRICE_USD, abs=1.0)
    assert loop_of(gone)["liquidated_count"] == 1
    # The discount is lost on all of it, the bonus on what was seized: after it nothing moved.
    lost = 3_600 * 0.038 * PRICE_USD + 1_300 * 0.075 * PRICE_USD
    assert gone["figures"]["profit_usd"]["at_figure"] == pytest.approx(-lost, rel=1e-6)


def test_the_leverage_is_that_of_the_first_look_whenever_that_is(tmp_path: Path) -> None:
    """What is supplied doubles within a year here, and not before the window begins."""
    words = world(tmp_path, changes=(("supply_apr = 0.0", "supply_apr = 1.0"),))
    window = ("--from", "2022-03-03T00:00:00Z", "--policy", "none")
    near = loop_of(told(words, *window)["none"])
    assert near["use_frac"] == pytest.approx(2 / 3 / THRESHOLD, abs=1e-9)
    assert near["time_ns"] == round((START + timedelta(days=2)).timestamp()) * 10**9


def test_who_waits_for_redemption_loses_nothing_to_the_peg(tmp_path: Path) -> None:
    found = told(world(tmp_path, "0.97"), "--policy", "none")["none"]
    peg = found["peg"]
    assert (peg["start_frac"], peg["deepest_frac"], peg["end_frac"]) == (0.0, 0.03, 0.03)
    assert peg["end_usd"] == pytest.approx(3_000 * 0.03 * PRICE_USD)
    assert peg["deepest_ns"] == round((START + STEP).timestamp()) * 10**9
    profit = found["figures"]["profit_usd"]["at_figure"]
    assert profit == pytest.approx(-3_000 * 0.03 * PRICE_USD)
    assert profit + peg["end_usd"] - peg["start_usd"] == pytest.approx(0.0, abs=1e-6)
    for method in ("full", "taylor"):
        assert found["unexplained"][method]["all"]["unexplained_usd"] < 0.01


@pytest.mark.slow
def test_constant_funding_pays_once_every_eight_hours(tmp_path: Path) -> None:
    """The short is sold at the start, after the settlement of that time: twelve follow."""
    found = told(world(tmp_path, funding_frac=0.0001), "--policy", "fixed")["fixed"]
    (sold,) = set(found["hedge_coin"]["ETH"])
    assert sold == -1_190  # of 1,000 in the loop and 200 beside it, to the edge of a band of ten
    assert found["figures"]["funding_usd"] == pytest.approx(12 * 1_190 * PRICE_USD * 0.0001)


@pytest.mark.slow
def test_a_hedged_loop_does_not_mind_the_price(tmp_path: Path) -> None:
    found = told(world(tmp_path, fall_frac=0.1), "--policy", "none", "--policy", "fixed")
    alone, hedged = (
        found[name]["figures"]["profit_usd"]["at_figure"] for name in ("none", "fixed")
    )
    assert alone == pytest.approx(-1_200 * 200.0)
    costs = found["fixed"]["figures"]
    spent = costs["fees_usd"] + costs["spread_usd"]
    # What was left open: ten ether of the band, and what the spread was worse than the mark.
    assert hedged == pytest.approx(-10 * 200.0 - spent, rel=1e-3)


@pytest.mark.slow
def test_a_refilled_loop_outlives_the_peg_that_liquidates_it_else(tmp_path: Path) -> None:
    """Without ether from elsewhere a loop of 3.4 ends below (1 - 1/3.4)/0.75 = 0.9412."""
    flags = ("--policy", "fixed", "--policy", "buffered", "--leverage", "3.4")
    found = told(world(tmp_path, "0.95", "0.93"), *flags)
    assert len(found["fixed"]["liquidations"]) > 0
    assert found["buffered"]["liquidations"] == []
    # Its 200 ether leave at once but for the fee of the way, and 2,200.01 are owed then.
    use = 2_200.01 / (THRESHOLD * 3_400 * 0.93)
    last = [loop for loop in found["buffered"]["nearest"] if loop["account_id"] == "loop"]
    assert last[0]["use_frac"] == pytest.approx(max(use, 2_400 / (THRESHOLD * 3_400)), abs=1e-6)


@pytest.mark.slow
def test_policies_are_compared_at_the_same_leverage(tmp_path: Path) -> None:
    flags = ("--leverage", "2,3", "--policy", "none", "--policy", "fixed", "--against", "none")
    answer = ask(world(tmp_path, "0.97"), *flags, "--out", str(tmp_path / "out"))
    assert answer.code == 0, answer.err
    for words in ("none at 2x", "fixed at 3x", "Less none", "Nearest to a liquidation", "Redeemed"):
        assert words in answer.out
    assert (tmp_path / "out" / "steps.parquet").is_file()
    found = told([str(tmp_path / "desk.toml"), "--data", str(tmp_path / "data")], *flags)
    assert {name for name, each in found.items() if each["difference"]} == {
        "fixed at 2x",
        "fixed at 3x",
    }


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--leverage", "1"), "write above 1"),
        (("--policy", "hope"), "--policy hope: there are none"),
        (("--against", "leland"), "--against leland: is not followed"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, flags: tuple[str, ...], said: str) -> None:
    answer = ask(world(tmp_path, "0.97"), *flags)
    assert answer.code == 2
    assert said in answer.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"-2000"', '"-3001"', "0 accounts supply one token"),
        ('["ETHUSDT-PERP"]', '["ETH-PERP"]', "ETH-PERP is no linear_perpetual"),
        ("[recording]", '[recording]\nmarks = "ohlcv_binance"', "leave it out, or marks of"),
    ],
)
def test_a_desk_that_is_no_loop_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    answer = ask(world(tmp_path, "0.97", changes=((old, new),)))
    assert answer.code == 2
    assert said in answer.err


@pytest.mark.slow
def test_the_discount_of_2022_liquidates_a_loop_of_3_6_on_a_friday_in_may(
    shared_data: Path,
) -> None:
    """Its deepest round is that of 2022-06-18; the threshold had been raised a month before."""
    words = [str(EXAMPLE), "--data", str(shared_data), "--look", "6h", "--policy", "none"]
    window = ("--from", "2022-05-10T00:00:00Z", "--to", "2022-06-20T00:00:00Z")
    found = told(words, *window, "--leverage", "3,3.6")
    safe, gone = found["none at 3x"], found["none at 3.6x"]
    assert safe["liquidations"] == []
    assert safe["peg"]["deepest_frac"] == pytest.approx(1 - 0.935019, abs=1e-6)
    assert safe["peg"]["deepest_ns"] // 10**9 == 1_655_543_378  # 2022-06-18 09:09:38
    assert [each["time_ns"] // 10**9 for each in gone["liquidations"]] == [
        1_652_457_558
    ]  # 15:59:18
    for each in found.values():
        assert each["unexplained"]["full"]["all"]["unexplained_frac"] < 0.01
        assert each["unexplained"]["taylor"]["all"]["unexplained_frac"] < 0.02
