from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.market import FundingSettlement
from hedgerow.units import HOUR_NS, SECOND_NS, parse_ns
from hedgerow.venues.recordings import read_funding
from tests.rooms.venues.made import EVER, START, changed, file, funding

NAME = "funding_history.parquet"
START_NS = int(START.timestamp()) * SECOND_NS


def test_rates_are_exact_and_known_at_settlement(tmp_path: Path) -> None:
    frame = funding(settlements=2)
    events = list(read_funding(file(tmp_path, NAME, frame), underlyings=["BTC"], **EVER))
    assert events == [
        FundingSettlement(
            time_ns=START_NS + 8 * HOUR_NS * step,
            instrument_id="BTCUSDT-PERP",
            rate_frac=Decimal(repr(frame["rate"][step])),
        )
        for step in range(2)
    ]


def test_another_venue_pays_another_instrument(tmp_path: Path) -> None:
    folder = file(tmp_path, NAME, funding())
    events = list(read_funding(folder, underlyings=["ETH"], venue="bybit", **EVER))
    named = {event.instrument_id for event in events if isinstance(event, FundingSettlement)}
    assert named == {"bybit:ETHUSDT-PERP"}
    assert len(events) == 4


@pytest.mark.parametrize(("coin", "venue"), [("BTC", "okx"), ("DOGE", "binance")])
def test_a_pair_nobody_recorded_is_refused(tmp_path: Path, coin: str, venue: str) -> None:
    folder = file(tmp_path, NAME, funding())
    says = f"no row has venue {venue} and asset {coin}; there are binance BTC, binance ETH, bybit"
    with pytest.raises(RecordingRejected, match=says):
        list(read_funding(folder, underlyings=[coin], venue=venue, **EVER))


@pytest.mark.parametrize("rate", [float("nan"), 1.0, -1.0, float("-inf")])
def test_an_absurd_rate_is_refused(tmp_path: Path, rate: float) -> None:
    folder = file(tmp_path, NAME, changed(funding(), "rate", 1, rate))
    with pytest.raises(RecordingRejected, match=r"row 1 .*rate must be finite and inside ±1, was"):
        list(read_funding(folder, underlyings=["BTC"], **EVER))


def test_the_cap_of_march_2020_is_exact(shared_data: Path) -> None:
    events = list(
        read_funding(
            shared_data / "funding",
            underlyings=["BTC"],
            start_ns=parse_ns("2020-03-13T08:00:00"),
            end_ns=parse_ns("2020-03-13T08:00:01"),
        )
    )
    assert [e.rate_frac for e in events if isinstance(e, FundingSettlement)] == [Decimal("-0.003")]


def test_the_crash_settles_three_times_a_day(shared_data: Path) -> None:
    start_ns, end_ns = parse_ns("2026-01-29"), parse_ns("2026-02-07")
    events = list(
        read_funding(shared_data / "funding", underlyings=["ETH"], start_ns=start_ns, end_ns=end_ns)
    )
    assert [e.time_ns for e in events] == list(range(start_ns, end_ns, 8 * HOUR_NS))
