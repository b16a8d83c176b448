from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.market import Ladder, Level, MarketEvent
from hedgerow.venues.recordings import read_books
from tests.rooms.venues.made import EVER, changed, file

BOOK = "binance_usdm_btcusdt.book20_1s.parquet"


def book() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "recv_ns": [10, 20],
            "bid_px": [[99.5, 99.0], [99.6, 99.1]],
            "bid_qty": [[1.0, 2.5], [1.0, 2.5]],
            "ask_px": [[100.0, 100.5], [100.1, 100.6]],
            "ask_qty": [[0.5, 3.0], [0.5, 3.0]],
        }
    )


def read(folder: Path, frame: pl.DataFrame) -> list[MarketEvent]:
    return list(read_books(file(folder, BOOK, frame), instrument_ids=["BTCUSDT-PERP"], **EVER))


def test_a_row_becomes_a_ladder(tmp_path: Path) -> None:
    assert read(tmp_path, book())[0] == Ladder(
        time_ns=10,
        instrument_id="BTCUSDT-PERP",
        bids=(
            Level(price_usd=Decimal("99.5"), quantity_contracts=Decimal(1)),
            Level(price_usd=Decimal("99.0"), quantity_contracts=Decimal("2.5")),
        ),
        asks=(
            Level(price_usd=Decimal("100.0"), quantity_contracts=Decimal("0.5")),
            Level(price_usd=Decimal("100.5"), quantity_contracts=Decimal(3)),
        ),
    )


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("bid_px", [100.1, 99.0], r"crossed book, bid 100\.1 at or above ask 100\.1"),
        ("bid_px", [101.0, 99.0], r"crossed book, bid 101\.0 at or above ask 100\.1"),
        ("bid_px", [99.0, 99.5], "bids: levels out of order"),
        ("ask_px", [100.6, 100.1], "asks: levels out of order"),
        ("bid_px", [99.5], "bid_px and bid_qty must be equally long"),
        ("bid_px", [float("nan"), 99.0], "bid_px must be a list of finite, positive numbers"),
        ("ask_qty", [0.0, 3.0], "ask_qty must be a list of finite, positive numbers"),
        ("ask_px", None, "ask_px must not be null"),
        ("recv_ns", 5, "recv_ns runs backwards"),
    ],
)
def test_a_bad_book_is_named(tmp_path: Path, column: str, value: object, says: str) -> None:
    with pytest.raises(RecordingRejected, match=says) as caught:
        read(tmp_path, changed(book(), column, 1, value))
    assert f"{BOOK}: row 1 (" in str(caught.value)


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_an_empty_side_is_named(tmp_path: Path, side: str) -> None:
    frame = changed(changed(book(), f"{side}_px", 1, []), f"{side}_qty", 1, [])
    with pytest.raises(RecordingRejected, match=f"row 1 .*empty book, no {side}s"):
        read(tmp_path, frame)


@pytest.mark.parametrize("name", ["BTCUSDT", "BTCUSDT-FUT", "-PERP"])
def test_an_instrument_must_say_its_market(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingRejected, match="must be a symbol with -PERP or -SPOT"):
        read_books(file(tmp_path, BOOK, book()), instrument_ids=[name], **EVER)


def test_two_files_of_one_instrument_leave_open_which_is_meant(tmp_path: Path) -> None:
    file(tmp_path, BOOK, book())
    file(tmp_path, BOOK.replace("binance", "other"), book())
    with pytest.raises(RecordingRejected, match=r"one file named .* expected, found binance_usdm"):
        read_books(tmp_path, instrument_ids=["BTCUSDT-PERP"], **EVER)


def test_the_recorded_books(shared_data: Path) -> None:
    folder = shared_data / "l2_binance_20240808"
    names = ["BTCUSDT-PERP", "BTCUSDT-SPOT"]
    ladders = [e for e in read_books(folder, instrument_ids=names, **EVER) if isinstance(e, Ladder)]
    assert len(ladders) == 345 + 346
    assert all(len(e.bids) == len(e.asks) == 20 for e in ladders)
