"""What every reader refuses, and how it streams; the candles stand for all."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.units import HOUR_NS, MINUTE_NS, SECOND_NS
from hedgerow.venues.recordings import read_perpetuals, tables
from hedgerow.venues.recordings.tables import Sheet, label, moment, price, whole_moments
from tests.rooms.venues.made import EVER, START, changed, file, perpetual

NAME = "trade_15m.parquet"
START_NS = int(START.timestamp()) * SECOND_NS
SHEET = Sheet(columns=(moment("ts"), label("symbol"), price("close")))


def read(folder: Path, frame: pl.DataFrame, *symbols: str) -> list[object]:
    file(folder, NAME, frame)
    return list(read_perpetuals(folder, symbols=symbols or ("BTCUSDT", "ETHUSDT"), **EVER))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordingRejected, match="nowhere: no such folder"):
        read_perpetuals(tmp_path / "nowhere", symbols=["BTCUSDT"], **EVER)


def test_a_folder_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(RecordingRejected, match=r"no file named trade_15m\.parquet"):
        read_perpetuals(tmp_path, symbols=["BTCUSDT"], **EVER)


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("ts,symbol\n")
    with pytest.raises(RecordingRejected, match=r"trade_15m\.parquet: cannot be read"):
        list(read_perpetuals(tmp_path, symbols=["BTCUSDT"], **EVER))


def test_missing_columns_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(RecordingRejected, match="missing column low, volume; the file has ts") as e:
        read(tmp_path, perpetual().drop("low", "volume"))
    assert NAME in str(e.value)


@pytest.mark.parametrize(
    ("column", "dtype", "says"),
    [
        ("close", pl.Float32, "column close must be Float64, was Float32"),
        ("close", pl.String, "column close must be Float64, was String"),
        ("ts", pl.Datetime("ms"), "column ts must be Datetime in UTC"),
        ("ts", pl.Datetime("ms", "Europe/Berlin"), "column ts must be Datetime in UTC"),
        ("ts", pl.Int64, "column ts must be Datetime in UTC, was Int64"),
    ],
)
def test_a_column_of_the_wrong_type(
    tmp_path: Path, column: str, dtype: pl.DataType, says: str
) -> None:
    frame = perpetual()
    cast = (
        pl.col(column).dt.replace_time_zone(None) if dtype == pl.Datetime("ms") else pl.col(column)
    )
    with pytest.raises(RecordingRejected, match=says):
        read(tmp_path, frame.with_columns(cast.cast(dtype)))


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_any_unit_of_time_and_plain_or_categorical_text(tmp_path: Path, unit: str) -> None:
    frame = perpetual()
    expected = read(tmp_path, frame)
    other = frame.with_columns(
        pl.col("ts").cast(pl.Datetime(unit, "UTC")),  # type: ignore[arg-type]
        pl.col("symbol").cast(pl.Categorical),
    )
    assert read(tmp_path, other) == expected


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("ts", None, "ts must not be null, was null"),
        ("symbol", None, "symbol must not be null, was null"),
        ("close", None, "close must not be null, was null"),
        ("close", float("nan"), "close must be finite and positive, was nan"),
        ("close", float("inf"), "close must be finite and positive, was inf"),
        ("close", 0.0, r"close must be finite and positive, was 0\.0"),
        ("open", -1.0, r"open must be finite and positive, was -1\.0"),
        ("volume", -0.5, r"volume must be finite and not negative, was -0\.5"),
        ("low", 99_999.0, "low and open and close must be low at the bottom"),
        ("high", 1.0, "high and open and close must be high at the top"),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, column: str, value: object, says: str) -> None:
    with pytest.raises(RecordingRejected, match=says) as caught:
        read(tmp_path, changed(perpetual(), column, 11, value))
    assert f"{NAME}: row 11 (" in str(caught.value)
    assert "correct or remove the row" in str(caught.value)


def test_a_row_of_another_symbol_is_not_judged(tmp_path: Path) -> None:
    frame = changed(perpetual(), "close", 11, float("nan"))  # ETHUSDT
    assert len(read(tmp_path, frame, "BTCUSDT")) == 8


def test_time_running_backwards(tmp_path: Path) -> None:
    frame = changed(perpetual(), "ts", 5, START + timedelta(minutes=10))
    says = r"row 5 \(BTCUSDT, 2026-02-01T00:10:00Z\): ts runs backwards, after 2026-02-01T01:00:00Z"
    with pytest.raises(RecordingRejected, match=says):
        read(tmp_path, frame)


def test_time_running_backwards_between_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS_COUNT_SLICE", 3)
    frame = changed(perpetual(), "ts", 6, START)
    with pytest.raises(RecordingRejected, match=r"row 6 .*ts runs backwards"):
        read(tmp_path, frame)


def test_time_running_backwards_between_files(tmp_path: Path) -> None:
    frame = perpetual(symbols=("BTCUSDT",))
    paths = [tmp_path / "1.parquet", tmp_path / "2.parquet"]
    frame.write_parquet(paths[0])
    frame.write_parquet(paths[1])
    with pytest.raises(RecordingRejected, match=r"2\.parquet: row 0 .*runs backwards"):
        list(SHEET.slices(paths, **EVER))


def test_a_symbol_nobody_recorded_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        RecordingRejected, match="no row has symbol DOGEUSDT; there are BTCUSDT, ETH"
    ):
        read(tmp_path, perpetual(), "DOGEUSDT")


def test_a_window_without_rows_is_empty(tmp_path: Path) -> None:
    file(tmp_path, NAME, perpetual())
    assert list(read_perpetuals(tmp_path, symbols=["BTCUSDT"], start_ns=0, end_ns=1)) == []


def test_the_window_is_half_open_in_event_time(tmp_path: Path) -> None:
    file(tmp_path, NAME, perpetual(symbols=("BTCUSDT",)))
    whole = list(read_perpetuals(tmp_path, symbols=["BTCUSDT"], **EVER))
    cut = START_NS + HOUR_NS
    before = list(read_perpetuals(tmp_path, symbols=["BTCUSDT"], start_ns=0, end_ns=cut))
    after = list(read_perpetuals(tmp_path, symbols=["BTCUSDT"], start_ns=cut, end_ns=2**62))
    assert before + after == whole
    assert after[0].time_ns == cut  # the candle that closes at the cut
    # A nanosecond later the candle closing at the cut belongs to the part before.
    later = list(read_perpetuals(tmp_path, symbols=["BTCUSDT"], start_ns=cut + 1, end_ns=2**62))
    assert later == after[1:]


def test_slices_do_not_change_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = perpetual(candles=50)
    whole = read(tmp_path, frame)
    for rows in (1, 7, 64):
        monkeypatch.setattr(tables, "ROWS_COUNT_SLICE", rows)
        assert read(tmp_path, frame) == whole


def test_a_slice_is_never_larger_than_it_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS_COUNT_SLICE", 7)
    file(tmp_path, NAME, perpetual(candles=50))
    sizes = [
        t.height for _, t in SHEET.slices([tmp_path / NAME], **EVER, where={"symbol": "ETHUSDT"})
    ]
    assert sum(sizes) == 50
    assert max(sizes) <= 7


def test_only_the_window_is_read(tmp_path: Path) -> None:
    frame = changed(perpetual(symbols=("BTCUSDT",)), "close", 7, float("nan"))
    file(tmp_path, NAME, frame)
    end_ns = START_NS + 8 * 15 * MINUTE_NS
    events = list(read_perpetuals(tmp_path, symbols=["BTCUSDT"], start_ns=0, end_ns=end_ns))
    assert len(events) == 7


def test_the_rows_of_one_moment_stay_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS_COUNT_SLICE", 5)
    times = [START] * 4 + [START + timedelta(minutes=1)] * 7 + [START + timedelta(minutes=2)]
    frame = pl.DataFrame({"ts": times, "symbol": "A", "close": 1.0})
    file(tmp_path, "1.parquet", frame)
    parts = list(whole_moments(SHEET.slices([tmp_path / "1.parquet"], **EVER)))
    seen = [set(table["time_ns"]) for _, table in parts]
    assert sum(table.height for _, table in parts) == 12
    assert sum(len(moments) for moments in seen) == len(set().union(*seen)) == 3
