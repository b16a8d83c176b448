import itertools
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.market import MarketEvent, OracleAnswer, StakingRate
from hedgerow.units import HOUR_NS, SECOND_NS
from hedgerow.venues.recordings import read_oracle_rounds
from tests.rooms.venues.made import EVER, START, changed, file

NAME = "rounds.parquet"
START_NS = int(START.timestamp()) * SECOND_NS


def rounds() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "feed": ["ETH/USD", "ETH/USD", "stETH/ETH", "stETH/ETH"],
            "updated_at": [START, START + timedelta(hours=1), START, START + timedelta(hours=2)],
            "answer_raw": [
                "190818855732",
                "191240000000",
                "935019000000000001",
                "10046659" + "0" * 11,
            ],
            "decimals": [8, 8, 18, 18],
        },
        schema_overrides={"updated_at": pl.Datetime("us", "UTC"), "decimals": pl.Int32},
    )


def read(folder: Path, frame: pl.DataFrame) -> list[MarketEvent]:
    return list(read_oracle_rounds(file(folder, NAME, frame), **EVER))


def test_answers_keep_every_digit(tmp_path: Path) -> None:
    events = read(tmp_path, rounds())
    assert events[0] == OracleAnswer(
        time_ns=START_NS, asset="ETH", price_usd=Decimal("1908.18855732"), heartbeat_ns=HOUR_NS
    )
    assert events[1] == StakingRate(
        time_ns=START_NS,
        asset="stETH",
        base="ETH",
        rate_coin_per_coin=Decimal(1),
        discount_frac=Decimal("0.064980999999999999"),
    )


def test_a_premium_is_a_negative_discount(tmp_path: Path) -> None:
    last = read(tmp_path, rounds())[-1]
    assert isinstance(last, StakingRate)
    assert last.discount_frac == Decimal("-0.0046659")


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("answer_raw", "-5", "answer_raw must be a whole number, was '-5'"),
        ("answer_raw", "1.5", "answer_raw must be a whole number"),
        ("answer_raw", "", "answer_raw must be a whole number"),
        ("answer_raw", "1" * 28, "answer_raw must be a whole number"),
        ("answer_raw", None, "answer_raw must not be null"),
        ("answer_raw", "0", "price_usd must be positive and finite, was 0"),
        ("decimals", -1, "decimals must be from 0 to 27, was -1"),
        ("updated_at", START - timedelta(hours=1), "updated_at runs backwards"),
    ],
)
def test_a_bad_round_is_named(tmp_path: Path, column: str, value: object, says: str) -> None:
    with pytest.raises(RecordingRejected, match=says) as caught:
        read(tmp_path, changed(rounds(), column, 1, value))
    assert f"{NAME}: row 1 (ETH/USD" in str(caught.value)


def test_a_peg_of_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingRejected, match="discount_frac must be below 1, was 1"):
        read(tmp_path, changed(rounds(), "answer_raw", 2, "0"))


def test_an_unknown_feed_is_refused(tmp_path: Path) -> None:
    folder = file(tmp_path, NAME, rounds())
    with pytest.raises(
        RecordingRejected, match="no heartbeat known for feed BTC/USD; known are ETH"
    ):
        read_oracle_rounds(folder, feeds=["BTC/USD"], **EVER)


def test_the_recorded_rounds(shared_data: Path) -> None:
    events = list(read_oracle_rounds(shared_data / "chainlink_rounds", **EVER))
    answers = [e for e in events if isinstance(e, OracleAnswer)]
    pegs = [e for e in events if isinstance(e, StakingRate)]
    assert (len(answers), len(pegs)) == (11_106, 721)
    gaps_ns = [b.time_ns - a.time_ns for a, b in itertools.pairwise(answers)]
    assert max(gaps_ns) == 3_720 * SECOND_NS
    assert max(e.discount_frac for e in pegs) == pytest.approx(
        Decimal("0.065"), abs=Decimal("1e-4")
    )
