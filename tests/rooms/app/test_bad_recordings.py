"""A recording that cannot be: file, field and what was seen are told, and nothing is left."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
import pytest

from hedgerow.app.feed import open_market
from hedgerow.app.session import run_session
from hedgerow.errors import HedgerowError, RecordingRejected
from tests.rooms.app.made import (
    chains,
    desk_file,
    fundings,
    hedgerow_here,
    morning,
    perpetuals,
    recorded,
)
from tests.rooms.venues.made import changed

Frame: TypeAlias = pl.DataFrame
Break: TypeAlias = Callable[[], dict[str, Frame]]

CHAIN, CANDLES = "options/chain_202602.parquet", "perpetuals/trade_15m.parquet"
FUNDING = "funding/funding_history.parquet"


def candle(column: str, at: int, value: object) -> Break:
    return lambda: {"candles": changed(perpetuals(), column, at, value)}


def option(column: str, at: int, value: object) -> Break:
    return lambda: {"options": changed(chains(), column, at, value)}


def without(what: str, make: Callable[[], Frame], column: str) -> Break:
    return lambda: {what: make().drop(column)}


def backwards(what: str, make: Callable[[], Frame]) -> Break:
    return lambda: {what: make().reverse()}


# How it is broken, the file that is named, and what is told of it.
BROKEN: list[tuple[str, Break, str, str]] = [
    ("no close", without("candles", perpetuals, "close"), CANDLES, "missing column close; the"),
    (
        "no vol",
        without("options", chains, "mark_iv"),
        CHAIN,
        "missing column mark_iv; the file has",
    ),
    ("no rate", without("funding", fundings, "rate"), FUNDING, "missing column rate; the file has"),
    ("NaN close", candle("close", 20, float("nan")), CANDLES, "close must be finite and positive"),
    ("NaN vol", option("mark_iv", 3, float("nan")), CHAIN, "mark_iv must be in (0, 10], was nan"),
    ("vol < 0", option("mark_iv", 3, -0.6), CHAIN, "mark_iv must be in (0, 10], was -0.6"),
    ("crossed", option("bid_price", 13, 0.9), CHAIN, "bid_price and ask_price must be uncrossed"),
    ("expired", option("expiry", 13, perpetuals()["ts"][0]), CHAIN, "expiry and ts must be in"),
    ("back", backwards("candles", perpetuals), CANDLES, "ts runs backwards, after 2026-02-01T0"),
    ("back too", backwards("options", chains), CHAIN, "ts runs backwards, after 2026-02-01T06:00:"),
    ("null", candle("high", 25, None), CANDLES, "high must not be null, was null"),
    ("nobody", lambda: {"candles": perpetuals().head(0)}, CANDLES, "no row has symbol BTCUSDT"),
    (
        "text",
        lambda: {"funding": fundings().cast({"rate": pl.String})},
        FUNDING,
        "column rate must",
    ),
]


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def session(desk: Path, data: Path, out: Path) -> int:
    return run_session(desk_path=desk, data=data, out=out, seed=None, compare=True, as_json=True)


@pytest.mark.parametrize(
    ("broken", "file", "told"),
    [pytest.param(broken, file, told, id=name) for name, broken, file, told in BROKEN],
)
def test_the_run_stops_before_anything_is_written(
    tmp_path: Path, broken: Break, file: str, told: str
) -> None:
    parts: dict[str, Any] = broken()
    desk, data = desk_file(tmp_path), recorded(tmp_path / "data", **parts)
    before = names(tmp_path)
    with pytest.raises(RecordingRejected) as caught:
        session(desk, data, tmp_path / "out")
    assert f"{data / file}: " in str(caught.value)
    assert told in str(caught.value)
    assert names(tmp_path) == before


def test_an_earlier_result_is_kept_when_a_run_fails(tmp_path: Path) -> None:
    desk = desk_file(tmp_path)
    data = recorded(tmp_path / "data", candles=changed(perpetuals(), "close", 20, -1.0))
    out = tmp_path / "out"
    out.mkdir()
    kept = {"journal.db": b"an earlier journal", "report.html": b"a page", "notes.txt": b"mine"}
    for name, text in kept.items():
        (out / name).write_bytes(text)
    with pytest.raises(RecordingRejected, match=r"close must be finite and positive, was -1\.0"):
        session(desk, data, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == kept
    assert not list(tmp_path.glob(".hedgerow*"))


def test_not_even_the_folders_on_the_way_are_left(tmp_path: Path) -> None:
    desk = desk_file(tmp_path)
    data = recorded(tmp_path / "data", candles=perpetuals().drop("close"))
    before = names(tmp_path)
    with pytest.raises(RecordingRejected):
        session(desk, data, tmp_path / "far" / "away" / "out")
    assert names(tmp_path) == before


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (CHAIN, "no file named chain_*.parquet"),
        (CANDLES, "no file named trade_15m.parquet"),
        (FUNDING, "no file named funding_history.parquet"),
    ],
)
def test_a_file_that_is_missing(tmp_path: Path, file: str, told: str) -> None:
    desk, data = desk_file(tmp_path), recorded(tmp_path / "data")
    (data / file).unlink()
    with pytest.raises(HedgerowError) as caught:
        session(desk, data, tmp_path / "out")
    assert told in str(caught.value)
    assert str((data / file).parent) in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    desk, data = desk_file(tmp_path), recorded(tmp_path / "data")
    (data / CANDLES).write_bytes(b"PAR1 and then nothing")
    with pytest.raises(RecordingRejected, match=r"trade_15m\.parquet: cannot be read"):
        session(desk, data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folders_that_are_missing_are_told_together(tmp_path: Path) -> None:
    desk = desk_file(tmp_path)
    (tmp_path / "data" / "options").mkdir(parents=True)
    with pytest.raises(HedgerowError, match=r"no folder perpetuals, funding below .*data; pass"):
        open_market(desk, tmp_path / "data", None)


def test_a_desk_without_recordings_has_no_market(tmp_path: Path) -> None:
    named = '[recording]\noptions = "options"\nperpetuals = "perpetuals"\nfunding = "funding"\n'
    desk = desk_file(tmp_path, (named, ""))
    with pytest.raises(HedgerowError, match="names no recordings: add"):
        open_market(desk, tmp_path, None)


def test_the_command_says_it_in_one_object_and_status_2(tmp_path: Path) -> None:
    words = morning(tmp_path)
    changed(perpetuals(), "low", 22, 1e9).write_parquet(tmp_path / "data" / CANDLES)
    answer = hedgerow_here("run", *words, "--json", "--out", "out", cwd=tmp_path)
    assert answer.code == 2
    error = answer.json()["error"]
    assert error["kind"] == "RecordingRejected"
    assert (
        f"{CANDLES}: row 22 (BTCUSDT, 2026-02-01T07:30:00Z): low and open and close"
        in (error["message"])
    )
    plain = hedgerow_here("run", *words, "--out", "out", cwd=tmp_path)
    assert plain.code == 2
    assert plain.err.endswith(f"hedgerow: {error['message']}\n")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".hedgerow*"))
