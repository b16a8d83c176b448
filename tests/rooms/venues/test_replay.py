import gzip
import itertools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.market import Ladder, Level, TradePrint
from hedgerow.units import SECOND_NS
from hedgerow.venues.recordings import read_books, replay_raw_book
from hedgerow.venues.recordings.depth import Change, DepthBook, Start
from hedgerow.venues.recordings.replay import BestPrices, read_messages
from tests.rooms.venues.made import EVER

NAME = "binance_spot_btcusdt.raw.txt.gz"
SPOT, PERP = "BTCUSDT-SPOT", "BTCUSDT-PERP"
FILES = {PERP: "binance_usdm_btcusdt.raw.txt.gz", SPOT: NAME}

SNAPSHOT = '{"lastUpdateId":10,"bids":[["99.0","1"]],"asks":[["101.0","1"]]}'
TRADE = '{"stream":"x@trade","data":{"p":"100.5","q":"0.25","m":true}}'


def diff(first: int, last: int, bid: str) -> str:
    data = f'{{"U":{first},"u":{last},"b":[["{bid}","2"]],"a":[]}}'
    return f'{{"stream":"x@depth@100ms","data":{data}}}'


def raw(folder: Path, *lines: str) -> Path:
    """Write one message per second."""
    with gzip.open(folder / NAME, "wt") as file:
        for second, line in enumerate(lines, start=1):
            file.write(f"{second * SECOND_NS} {line}\n")
    return folder


def replay(folder: Path) -> list[object]:
    return list(replay_raw_book(folder, instrument_id=SPOT, **EVER))


def test_a_ladder_per_beat_and_every_trade(tmp_path: Path) -> None:
    folder = raw(tmp_path, diff(9, 10, "50.0"), diff(11, 11, "99.5"), SNAPSHOT, TRADE,
                 diff(12, 12, "100.0"))  # fmt: skip
    trade, ladder = replay(folder)
    assert trade == TradePrint(
        time_ns=4 * SECOND_NS,
        instrument_id=SPOT,
        price_usd=Decimal("100.5"),
        quantity_contracts=Decimal("0.25"),
        is_buyer_maker=True,
    )
    assert isinstance(ladder, Ladder)
    assert [level.price_usd for level in ladder.bids] == [100, Decimal("99.5"), 99]


def test_streams_of_other_kinds_are_passed_over(tmp_path: Path) -> None:
    other = '{"stream":"x@forceOrder","data":{"anything":[1]}}'
    assert len(replay(raw(tmp_path, SNAPSHOT, other, diff(11, 11, "99.5")))) == 1


def test_a_gap_that_nothing_mends_names_its_line(tmp_path: Path) -> None:
    folder = raw(tmp_path, SNAPSHOT, diff(11, 11, "99.5"), diff(13, 13, "98"), diff(14, 14, "98"))
    says = f"{NAME}: line 3: gap: change 13 to 13 after 11, and no later snapshot mends it"
    with pytest.raises(RecordingRejected, match=says):
        replay(folder)


def test_a_gap_that_a_snapshot_mends_leaves_out_ladders(tmp_path: Path) -> None:
    later = SNAPSHOT.replace(":10,", ":20,")
    folder = raw(tmp_path, SNAPSHOT, diff(11, 11, "99.5"), diff(13, 13, "98"), later,
                 diff(21, 21, "98"))  # fmt: skip
    times = [event.time_ns for event in replay(folder) if isinstance(event, Ladder)]
    assert times == [2 * SECOND_NS, 5 * SECOND_NS]


def test_a_recording_without_a_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingRejected, match="line 1: no snapshot yet"):
        replay(raw(tmp_path, diff(9, 10, "50.0")))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (diff(12, 12, "101.0"), r"line 3: crossed book, bid 101\.0 at or above ask 101\.0"),
        (diff(12, 12, "-1"), "line 3: .*a level needs a positive price .*, was -1 and 2"),
        (diff(12, 12, "NaN"), "line 3: .*a level needs a positive price .*, was NaN and 2"),
        (diff(12, 12, "1").replace('"2"', '"-2"'), "line 3: .*no negative quantity, was 1 and -2"),
        ("{", "line 3: "),
        ('{"stream":"x@depth","data":{"U":12}}', "line 3: .*missing required field `u`"),
        (
            '{"stream":"x@trade","data":{"p":"0","q":"1","m":true}}',
            "line 3: trade p must be finite",
        ),
        ('{"stream":"x@trade","data":{"p":"1","q":"NaN","m":true}}', "line 3: trade q must be "),
        ('{"stream":"x@trade","data":{"p":"1","q":"x","m":true}}', "line 3: Invalid decimal"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(RecordingRejected, match=says) as caught:
        replay(raw(tmp_path, SNAPSHOT, diff(11, 11, "99.5"), line))
    assert NAME in str(caught.value)


def test_a_window_that_the_file_does_not_touch_is_empty(tmp_path: Path) -> None:
    folder = raw(tmp_path, diff(9, 10, "50.0"))
    before = replay_raw_book(folder, instrument_id=SPOT, start_ns=0, end_ns=SECOND_NS)
    after = replay_raw_book(folder, instrument_id=SPOT, start_ns=2 * SECOND_NS, end_ns=2**62)
    assert list(before) == list(after) == []


def test_the_last_trouble_names_its_own_line(tmp_path: Path) -> None:
    crossed = SNAPSHOT.replace("99.0", "101.0")
    with pytest.raises(RecordingRejected, match="line 3: crossed book"):
        replay(raw(tmp_path, SNAPSHOT, diff(13, 13, "98"), crossed))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"2 {SNAPSHOT}\n1 {SNAPSHOT}\n", "line 2: receive time runs backwards, 1 after 2"),
        (f"x {SNAPSHOT}\n", "line 1: receive time must be digits"),
        ("\n", "line 1: receive time must be digits"),
    ],
)
def test_a_bad_stamp_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / NAME).write_bytes(gzip.compress(text.encode()))
    with pytest.raises(RecordingRejected, match=says):
        replay(tmp_path)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(f"1 {SNAPSHOT}\n".encode())
    (tmp_path / NAME).write_bytes(whole[:-12])
    with pytest.raises(RecordingRejected, match="cannot be unpacked"):
        replay(tmp_path)
    (tmp_path / NAME).write_bytes(b"plain text")
    with pytest.raises(RecordingRejected, match="cannot be unpacked"):
        replay(tmp_path)


def recorded_trades(folder: Path, name: str) -> Iterator[TradePrint]:
    """What the recorder itself made of the same messages; its prices print as they were sent."""
    market = {PERP: "usdm", SPOT: "spot"}[name]
    for row in pl.read_parquet(folder / f"binance_{market}_btcusdt.trades.parquet").iter_rows(
        named=True
    ):
        yield TradePrint(
            time_ns=row["recv_ns"],
            instrument_id=name,
            price_usd=Decimal(str(row["price"])),
            quantity_contracts=Decimal(str(row["qty"])),
            is_buyer_maker=row["buyer_is_maker"],
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", [PERP, SPOT])
def test_the_replay_equals_the_recorded_ladders_and_trades(shared_data: Path, name: str) -> None:
    folder = shared_data / "l2_binance_20240808"
    replayed = list(replay_raw_book(folder, instrument_id=name, **EVER))
    ladders = [event for event in replayed if isinstance(event, Ladder)]
    prints = [event for event in replayed if isinstance(event, TradePrint)]
    assert ladders == list(read_books(folder, instrument_ids=[name], **EVER))
    assert prints == list(recorded_trades(folder, name))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "points"), [(PERP, 503), (SPOT, 564)])
def test_the_top_equals_the_venue_s_own_at_equal_update_ids(
    shared_data: Path, name: str, points: int
) -> None:
    book, last_id, compared = DepthBook(name), -1, 0
    said: dict[int, tuple[Level, Level]] = {}
    for message in read_messages(shared_data / "l2_binance_20240808" / FILES[name]):
        body = message.body
        if isinstance(body, BestPrices):
            said[body.update_id] = (
                Level(price_usd=body.price_bid_usd, quantity_contracts=body.quantity_bid_contracts),
                Level(price_usd=body.price_ask_usd, quantity_contracts=body.quantity_ask_contracts),
            )
        elif isinstance(body, Start):
            book.start(body)
        elif isinstance(body, Change):
            book.apply(body)
            last_id = body.last_id
            top = book.ladder(message.time_ns, levels_count=1)
            if isinstance(top, Ladder) and last_id in said:
                assert (*top.bids, *top.asks) == said[last_id]
                compared += 1
    assert book.trouble is None  # never a gap, never crossed
    assert compared == points


@pytest.mark.slow
def test_a_replay_that_discards_what_came_early_crosses(shared_data: Path) -> None:
    """The trap of the recording: 88 s in, a stale bid stands above the best ask."""
    sides: tuple[dict[Decimal, Level], dict[Decimal, Level]] = ({}, {})
    book, began_ns, is_started, crossed_s = DepthBook(SPOT), 0, False, None
    for message in read_messages(shared_data / "l2_binance_20240808" / NAME):
        body = message.body
        began_ns = began_ns or message.time_ns
        if isinstance(body, Start):
            is_started = True
            for side, levels in zip(sides, (body.bids, body.asks), strict=True):
                side.update({level.price_usd: level for level in levels})
            book.start(body)
        elif isinstance(body, Change) and is_started:
            book.apply(body)
            for side, levels in zip(sides, (body.bids, body.asks), strict=True):
                for level in levels:
                    side.pop(level.price_usd, None)
                    if level.quantity_contracts:
                        side[level.price_usd] = level
            if max(sides[0]) >= min(sides[1]):
                crossed_s = (message.time_ns - began_ns) // SECOND_NS
                break
    assert crossed_s == 88
    assert max(sides[0]) == Decimal("61820.99")
    # The rules of sequence notice at once what the crossing shows only later.
    assert book.trouble is not None
    assert book.trouble.startswith("gap: snapshot ends at 50093239218")


def test_the_window_cuts_what_is_given_not_what_is_replayed(shared_data: Path) -> None:
    folder = shared_data / "l2_binance_20240808"
    start_ns = 1_723_161_300 * SECOND_NS
    window = {"start_ns": start_ns, "end_ns": start_ns + 5 * SECOND_NS}
    ladders = [
        e for e in replay_raw_book(folder, instrument_id=SPOT, **window) if isinstance(e, Ladder)
    ]
    assert len(ladders) == 5
    assert ladders == list(read_books(folder, instrument_ids=[SPOT], **window))
    assert all(b.time_ns > a.time_ns for a, b in itertools.pairwise(ladders))
