"""``hedgerow hedge structure`` and ``carry``: chains and rates in, plans and figures out."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from hedgerow.pricing import value_usd
from hedgerow.simulation.smile import option_name
from hedgerow.units import DAY_NS, parse_ns
from tests.rooms.app.made import Answer, hedgerow_here, morning

START = "2026-02-01T04:00:00"
SPOT = 78_000.0
DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the collection is not beside it")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain of two expiries at a flat vol of 50 %, and two hundred days of rates and marks."""
    place = tmp_path_factory.mktemp("structures")
    start_ns = parse_ns(START)
    rows = []
    for day in ("2026-02-27", "2026-03-27"):
        expiry_ns = parse_ns(f"{day}T08:00:00")
        years = (expiry_ns - start_ns) / (365 * DAY_NS)
        for strike in range(50_000, 110_000, 4_000):
            for right in ("C", "P"):
                worth = float(
                    value_usd(
                        np.full(1, SPOT), np.full(1, float(strike)), np.full(1, 0.5),
                        np.full(1, years), np.full(1, right == "C"),
                    )[0]
                ) / SPOT  # fmt: skip
                rows.append({
                    "ts": start_ns, "currency": "BTC", "expiry": expiry_ns,
                    "strike": float(strike), "cp": right,
                    "instrument_name": option_name("BTC", expiry_ns, strike, right),
                    "bid_price": 0.97 * worth, "ask_price": 1.03 * worth, "mark_price": worth,
                    "underlying_price": SPOT, "index_price": SPOT, "mark_iv": 0.5,
                    "delta": 0.5, "vega": 10.0,
                })  # fmt: skip
    ms = pl.Datetime("ms", "UTC")
    stamps = [(pl.col(name) // 1_000_000).cast(ms) for name in ("ts", "expiry")]
    names = [pl.col(name).cast(pl.Categorical) for name in ("currency", "cp", "instrument_name")]
    chain = pl.DataFrame(rows).with_columns(*stamps, *names)
    (place / "chains").mkdir()
    chain.write_parquet(place / "chains" / "chain_202602.parquet")
    begin = datetime(2025, 6, 1, tzinfo=UTC)
    rates = 0.0001 + 0.00005 * np.sin(np.arange(600) / 20.0)
    pl.DataFrame({
        "ts": [begin + timedelta(hours=8 * n) for n in range(600)],
        "venue": ["binance"] * 600, "asset": ["BTC"] * 600, "rate": rates,
    }).with_columns(
        pl.col("ts").cast(ms), pl.col("venue").cast(pl.Categorical),
        pl.col("asset").cast(pl.Categorical),
    ).write_parquet(place / "funding_history.parquet")  # fmt: skip
    hours = 8 * 600
    level = 60_000.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.005, hours)))
    first = np.concatenate([[60_000.0], level[:-1]])
    for name, over in (("mark_1h", 1.0), ("spot_1h", 0.9995)):
        frame = pl.DataFrame({
            "ts": [begin + timedelta(hours=n) for n in range(hours)], "symbol": ["BTCUSDT"] * hours,
            "open": over * first, "high": over * 1.001 * np.maximum(first, level),
            "low": over * 0.999 * np.minimum(first, level), "close": over * level,
        }).with_columns(pl.col("ts").cast(ms), pl.col("symbol").cast(pl.Categorical))  # fmt: skip
        if name == "spot_1h":
            frame = frame.with_columns(pl.lit(1.0).alias("volume"), pl.lit("a").alias("source"))
        frame.write_parquet(place / f"{name}.parquet")
    return place


def structure(folder: Path, *words: str) -> Answer:
    return hedgerow_here("hedge", "structure", "--chains", "chains", *words, cwd=folder)


def carried(folder: Path, *words: str) -> Answer:
    return hedgerow_here("hedge", "carry", *words, cwd=folder)


def payload(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.out)
    return found


def test_without_a_time_the_last_chain_of_a_folder_is_taken(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "chains"
    place.mkdir()
    first = pl.read_parquet(folder / "chains" / "chain_202602.parquet")
    later = first.with_columns(
        pl.col("ts") + pl.duration(hours=30), underlying_price=pl.lit(SPOT / 2)
    )
    first.write_parquet(place / "chain_202602.parquet")
    later.write_parquet(place / "chain_202603.parquet")
    words = ("--quantity", "1", "--floor", "80%", "--days", "20", "--json")
    told = payload(structure(tmp_path, *words))
    assert (told["time"], told["spot_usd"]) == ("2026-02-02T10:00:00Z", SPOT / 2)
    assert told == payload(structure(tmp_path, *words, "--at", "2026-02-02T10:00:00Z"))
    told = payload(structure(tmp_path, *words, "--at", f"{START}Z"))
    assert (told["time"], told["spot_usd"]) == (f"{START}Z", SPOT)
    # Of a coin that is asked for, whatever else the folder holds and however much newer.
    eth = later.with_columns(
        pl.col("ts") + pl.duration(days=9),
        currency=pl.lit("ETH").cast(pl.Categorical),
        instrument_name=pl.col("instrument_name").cast(pl.String).str.replace("BTC", "ETH"),
    ).with_columns(pl.col("instrument_name").cast(pl.Categorical))
    eth.write_parquet(place / "chain_202604.parquet")
    assert payload(structure(tmp_path, *words))["time"] == "2026-02-02T10:00:00Z"


def test_a_floor_of_the_chain_is_held_at_every_spot(folder: Path) -> None:
    answer = structure(folder, "--quantity", "2", "--floor", "90%,80%", "--days", "20", "--json")
    assert (answer.code, answer.err) == (0, "")
    told = payload(answer)
    assert told["horizon"] == "2026-02-27T08:00:00Z"
    assert told["options_count"] == 30
    high, low = (each["plan"] for each in told["floors"])
    assert high["is_held"]
    assert high["floor_usd"] == pytest.approx(0.9 * 2 * SPOT)
    assert high["lowest_usd"] >= high["floor_usd"] - 0.1
    assert 0.0 < low["cost_usd"] < high["cost_usd"]
    assert high["cost_usd"] >= high["bound_usd"] - 1e-6
    assert abs(told["floors"][0]["gap_usd"]) <= 1e-6
    # Anew, by hand: puts at the ask, a fee of 0.03 % of the underlying or an eighth of the price.
    puts = {float(leg["name"].split("-")[2]): leg["quantity_coin"] for leg in high["legs"]}
    spots = np.linspace(0.4 * SPOT, 1.6 * SPOT, 1_000)
    paid = sum(n * np.maximum(strike - spots, 0.0) for strike, n in puts.items())
    assert np.min(2 * spots + paid) - high["cost_usd"] >= high["floor_usd"] - 0.1
    for leg in high["legs"]:
        fee = min(0.0003 * SPOT, 0.125 * leg["price_usd"])
        assert leg["cost_usd"] == pytest.approx(leg["quantity_coin"] * (leg["price_usd"] + fee))
        assert round(leg["quantity_coin"] / 0.1) * 0.1 == pytest.approx(leg["quantity_coin"])


def test_a_collar_costs_less_and_gives_away_no_more_than_was_said(folder: Path) -> None:
    words = ("--quantity", "2", "--floor", "90%", "--days", "20", "--json")
    plain = payload(structure(folder, *words))["floors"][0]["plan"]
    told = payload(structure(folder, *words, "--give-away", "15%", "--legs", "2"))
    collar = told["floors"][0]["plan"]
    assert 0.0 <= collar["cost_usd"] < plain["cost_usd"]
    assert 0.0 < collar["given_away_usd"] <= 0.15 * 2 * SPOT + 1e-2
    assert len(collar["legs"]) <= 2


def test_a_floor_out_of_reach_ends_with_1_and_says_the_highest(folder: Path) -> None:
    answer = structure(folder, "--quantity", "1", "--floor", "102%", "--expiry", "27FEB26")
    assert answer.code == 1
    assert "OUT OF REACH" in answer.out
    assert "a floor of 102.0 % is out of reach; the highest is" in answer.err


def test_a_floor_that_only_lots_forbid_is_told_apart(folder: Path) -> None:
    """Of a twentieth of a bitcoin one lot of a tenth is too much; parts of a lot would do."""
    answer = structure(folder, "--quantity", "0.05", "--floor", "90%", "--expiry", "27FEB26")
    assert answer.code == 1
    assert "a floor of 90.0 % is out of reach in whole lots and the legs allowed" in answer.err
    said = " ".join(answer.out.split())
    assert "Whole lots, or the legs allowed, are what it lacks" in said
    assert "The highest floor here is" not in said


def test_a_drawing_of_it(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "floor.svg"
    answer = structure(folder, "--quantity", "1", "--plot", str(place), "--days", "20")
    assert answer.code == 0
    drawn = ElementTree.parse(place).getroot()
    assert "floor of 90 %" in "".join(drawn.itertext())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--quantity is missing"),
        (("--quantity", "0"), "needs no floor"),
        (("--quantity", "1", "--floor", "90"), "probably a percentage"),
        (("--quantity", "1", "--days", "400"), "no expiry is so far; listed are 27FEB26, 27MAR26"),
        (("--quantity", "1", "--expiry", "1MAR26"), "listed are 27FEB26, 27MAR26"),
        (("--quantity", "1", "--low", "10%", "--high", "0%"), "must lie below --high"),
        (("--quantity", "1", "--legs", "0"), "--legs must be 1 or more"),
        # A figure too few would floor ten coins for 17 USD, by puts of another market.
        (
            ("--quantity", "1", "--spot", "7800"),
            "--spot 7800 lies more than 10 % from the forwards",
        ),
        (("--quantity", "1", "--coin", "XRP"), "no chain of XRP"),
        (("--quantity", "1", "--plot", "floor.png"), "ends in .svg"),
    ],
)
def test_what_cannot_be_meant_is_refused(folder: Path, words: tuple[str, ...], said: str) -> None:
    answer = structure(folder, *words)
    assert answer.code == 2
    assert said in answer.err


def test_a_desk_that_bends_is_asked_for_coins(tmp_path: Path) -> None:
    answer = hedgerow_here("hedge", "structure", cwd=tmp_path)
    assert answer.code == 2
    assert "write the coins to floor with --quantity" in answer.err


def test_a_dated_future_of_the_sheet(folder: Path) -> None:
    answer = carried(
        folder, "--future", "61200", "--spot", "60000", "--days", "45", "--cost", "0%", "--json"
    )
    told = payload(answer)
    assert told["basis"]["continuous_log_per_year"] == pytest.approx(0.1606213103, abs=5e-11)
    assert told["basis"]["annual_frac_per_year"] == pytest.approx(0.1742402119, abs=5e-11)
    assert told["short_leg"]["reason"] == "missing_data"
    assert answer.code == 0


def test_what_is_left_of_a_dated_future_is_dollars_over_the_notional(folder: Path) -> None:
    asked = ("--future", "72000", "--spot", "60000", "--days", "182.5", "--borrow", "5%")
    told = payload(carried(folder, *asked, "--cost", "0.2%", "--json"))
    # One coin: 12,000 earned, 1,500 of interest on 60,000 for half a year, 120 in and out.
    left = sum(told["carry"].values())
    assert left * 60_000 / 2 == pytest.approx(12_000 - 1_500 - 120)
    assert "40.00 %  36.46 % continuously" in carried(folder, *asked).out


def test_a_rate_of_the_sheet_and_the_short_leg_of_it(folder: Path) -> None:
    told = payload(
        carried(
            folder, "--funding", "0.01%", "--vol", "60%", "--hold-days", "7", "--leverage", "10",
            "--maintenance", "0.5%", "--json",
        )
    )  # fmt: skip
    assert told["funding"]["simple_frac_per_year"] == pytest.approx(0.1095)
    assert told["funding"]["compound_frac_per_year"] == pytest.approx(0.1157139628, abs=5e-11)
    assert told["short_leg"]["unattended_frac"] == pytest.approx(0.2646636, abs=5e-8)
    assert told["break_even_days"] == pytest.approx(0.002 / 0.0001 / 3.0)


def test_a_past_of_rates_marks_and_spot(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "carry.svg"
    words = ("--rates", ".", "--marks", ".", "--spots", ".", "--hold-days", "5", "--draws", "500")
    answer = carried(folder, *words, "--plot", str(place), "--json")
    assert answer.code == 0, answer.err
    told = payload(answer)
    rates = 0.0001 + 0.00005 * np.sin(np.arange(600) / 20.0)
    assert told["funding"]["simple_frac_per_year"] == pytest.approx(np.mean(rates) * 1_095)
    assert told["outlook"]["paying_frac"] == 0.0
    assert told["vol_frac"] == pytest.approx(0.005 * np.sqrt(8_760), rel=0.1)
    assert told["draw"]["mean_frac"] > 0.0
    # The mark lies 5 bp over spot at every hour: it never blows out.
    assert told["blowout"]["loss_log"] == pytest.approx(0.0, abs=1e-12)
    assert "Funding of binance BTC" in "".join(ElementTree.parse(place).getroot().itertext())
    again = payload(carried(folder, *words, "--json"))
    assert again == told
    shown = carried(folder, *words)
    assert "Liquidated before the top-up" in shown.out


def test_a_hole_in_the_rates_is_named(folder: Path, tmp_path: Path) -> None:
    holed = pl.read_parquet(folder / "funding_history.parquet")
    pl.concat([holed[:300], holed[301:]]).write_parquet(tmp_path / "funding_history.parquet")
    answer = carried(tmp_path, "--rates", ".")
    assert answer.code == 2
    assert "not evenly apart: 2025-09-08T16:00:00Z is followed by" in answer.err
    assert carried(tmp_path, "--rates", ".", "--from-time", "2025-09-10").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "one of --future, --funding, --rates"),
        (("--future", "1", "--funding", "0.01%"), "given were --future, --funding"),
        (("--future", "1"), "needs --spot and --days"),
        (("--funding", "0.01%", "--spot", "1"), "go with --future"),
        (("--funding", "0.01%", "--marks", "."), "go with --rates"),
        (("--rates", ".", "--spots", "."), "--spots needs --marks"),
        (("--funding", "0.01%", "--plot", "a.svg"), "goes with --rates"),
        (("--funding", "5"), "probably a percentage"),
        (("--rates", ".", "--coin", "XRP"), "XRP"),
        (("--funding", "0.01%", "--vol", "60%", "--leverage", "200"), "leaves no margin"),
        (("--rates", ".", "--to-time", "2025-06-02"), "fewer than 30"),
    ],
)
def test_what_cannot_be_carried_is_refused(folder: Path, words: tuple[str, ...], said: str) -> None:
    answer = carried(folder, *words)
    assert answer.code == 2
    assert said in answer.err


@needs_data
@pytest.mark.slow
def test_the_real_chain_of_the_crash(tmp_path: Path) -> None:
    """On every expiry of 2026-01-29 the floor holds, and the relaxed cost is proven to 1e-6."""
    for days in ("1", "7", "30", "150"):
        answer = hedgerow_here(
            "hedge", "structure", "--chains", str(DATA / "deribit_options_2026"), "--at",
            "2026-01-29T12:00:00Z", "--quantity", "10", "--days", days, "--json", cwd=tmp_path,
        )  # fmt: skip
        assert answer.code == 0, answer.err
        (found,) = payload(answer)["floors"]
        assert found["plan"]["is_held"]
        assert abs(found["gap_usd"]) <= 1e-6 * max(1.0, found["plan"]["cost_usd"])
        assert found["plan"]["cost_usd"] <= 1.01 * found["plan"]["bound_usd"] + 50.0


def test_a_desk_of_coins_and_a_perpetual_is_floored_as_it_stands(tmp_path: Path) -> None:
    """3 + 2 coins and a short of one, its margin in dollars: 4 coins, in the chain of 02:30."""
    held = 'positions = [{ instrument = "BTC-27FEB26-75000-P", quantity_contracts = "-10" }]'
    words = morning(tmp_path, (held, ""), ('"-5.5"', '"-1"'))
    told = payload(
        hedgerow_here(
            "hedge", "structure", *words, "--days", "5", "--floor", "85%", "--json", cwd=tmp_path
        )
    )
    assert told["time"] == "2026-02-01T02:30:00Z"
    assert told["quantity_coin"] == pytest.approx(4.0, rel=1e-3)
    (found,) = told["floors"]
    assert found["plan"]["is_held"]
    assert found["floor_usd"] == pytest.approx(0.85 * told["quantity_coin"] * told["spot_usd"])
    # In a way of its own: what is not given takes the delta the desk shows.
    shown = hedgerow_here("exposure", "show", *words, "--json", cwd=tmp_path)
    rows = {row["node"]: row for row in json.loads(shown.out)["rows"]}
    assert rows["coin/BTC"]["delta_spot_coin"] == told["quantity_coin"]
