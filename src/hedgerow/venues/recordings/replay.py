"""A raw stream, message by message, made into ladders and trades.

A line is ``<receive time ns> <JSON>``: a stream message (``{"stream": …, "data": …}``) or the
answer to a snapshot request. Lines are read one at a time; what is kept is the book.
"""

import gzip
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec

from hedgerow.errors import Failure, MarketRejected, RecordingRejected
from hedgerow.market import MarketEvent, TradePrint
from hedgerow.units import SECOND_NS
from hedgerow.venues.recordings.books import file_of
from hedgerow.venues.recordings.depth import Change, DepthBook, Start

__all__ = ["BestPrices", "Message", "RawTrade", "read_messages", "replay_raw_book"]


class BestPrices(
    msgspec.Struct,
    frozen=True,
    rename={
        "update_id": "u",
        "price_bid_usd": "b",
        "quantity_bid_contracts": "B",
        "price_ask_usd": "a",
        "quantity_ask_contracts": "A",
    },
):
    """A bookTicker message: the venue's own best bid and ask, to compare with."""

    update_id: int
    price_bid_usd: Decimal
    quantity_bid_contracts: Decimal
    price_ask_usd: Decimal
    quantity_ask_contracts: Decimal


class RawTrade(
    msgspec.Struct,
    frozen=True,
    rename={"price_usd": "p", "quantity_contracts": "q", "is_buyer_maker": "m"},
):
    """A trade message."""

    price_usd: Decimal
    quantity_contracts: Decimal
    is_buyer_maker: bool


class _Envelope(msgspec.Struct, frozen=True):
    stream: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class Message(msgspec.Struct, frozen=True):
    """One line: its number (from 1), when it was received, and what it says."""

    line_id: int
    time_ns: int
    body: Start | Change | RawTrade | BestPrices


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_START = msgspec.json.Decoder(Start)
_CHANGE = msgspec.json.Decoder(Change)
_TRADE = msgspec.json.Decoder(RawTrade)
_BEST = msgspec.json.Decoder(BestPrices)


def read_messages(path: Path) -> Iterator[Message]:
    """Give the messages of a raw file in order; streams of other kinds are passed over.

    Raises
    ------
    RecordingRejected
        If the file cannot be unpacked, a line is not such a message, or time runs backwards.
    """
    last_ns = 0
    try:
        with gzip.open(path, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                stamp, _, text = line.partition(b" ")
                if not stamp.isdigit():
                    seen = f"receive time must be digits, was {stamp[:40]!r}"
                    raise _rejected(path, number, seen)
                time_ns = int(stamp)
                if time_ns < last_ns:
                    raise _rejected(
                        path,
                        number,
                        f"receive time runs backwards, {time_ns} after {last_ns}",
                    )
                last_ns = time_ns
                try:
                    body = _body(text)
                except msgspec.MsgspecError as error:
                    raise _rejected(path, number, f"{error}, in {text[:60]!r}") from error
                if body is not None:
                    yield Message(line_id=number, time_ns=time_ns, body=body)
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingRejected(f"{path}: cannot be unpacked: {error}") from error


def replay_raw_book(
    folder: Path,
    *,
    start_ns: int,
    end_ns: int,
    instrument_id: str,
    every_ns: int = SECOND_NS,
    levels_count: int = 20,
) -> Iterator[MarketEvent]:
    """Give ladders and trades received in [start_ns, end_ns), from ``*.raw.txt.gz``.

    The first change in each `every_ns` of receive time gives a ladder. While the book has a gap
    there are trades but no ladders; a later snapshot mends it.

    Raises
    ------
    RecordingRejected
        If a line is wrong (see `read_messages`), a trade is impossible, or the window ends with a
        book that nothing mended: no snapshot, a gap, a crossed or empty book.
    """
    return _replay(
        file_of(folder, instrument_id, "raw.txt.gz"),
        (start_ns, end_ns),
        instrument_id,
        every_ns,
        levels_count,
    )


def _replay(
    path: Path, window_ns: tuple[int, int], instrument_id: str, every_ns: int, levels_count: int
) -> Iterator[MarketEvent]:
    book = DepthBook(instrument_id)
    trouble_line, beat, is_wanted = 1, -1, False
    for message in read_messages(path):
        time_ns, body = message.time_ns, message.body
        if time_ns >= window_ns[1]:
            break
        is_wanted = time_ns >= window_ns[0]
        if isinstance(body, RawTrade):
            if is_wanted:
                yield _trade(path, message.line_id, time_ns, instrument_id, body)
            continue
        trouble_before = book.trouble
        try:
            if isinstance(body, Start):
                book.start(body)
            elif isinstance(body, Change):
                book.apply(body)
        except MarketRejected as error:
            raise _rejected(path, message.line_id, str(error)) from error
        if book.trouble is not None:
            trouble_line = trouble_line if book.trouble == trouble_before else message.line_id
        elif isinstance(body, Change) and is_wanted and time_ns // every_ns > beat:
            beat = time_ns // every_ns
            ladder = book.ladder(time_ns, levels_count=levels_count)
            assert not isinstance(ladder, Failure)
            yield ladder
    if is_wanted and book.trouble is not None:
        raise _rejected(
            path, trouble_line, f"{book.trouble}, and no later snapshot mends it; record one"
        )


def _body(text: bytes) -> Start | Change | RawTrade | BestPrices | None:
    envelope = _ENVELOPE.decode(text)
    if envelope.stream is None:
        return _START.decode(text)
    _, _, kind = envelope.stream.partition("@")
    if kind.startswith("depth"):
        return _CHANGE.decode(envelope.data)
    if kind == "trade":
        return _TRADE.decode(envelope.data)
    if kind == "bookTicker":
        return _BEST.decode(envelope.data)
    return None


def _trade(path: Path, line: int, time_ns: int, instrument_id: str, trade: RawTrade) -> TradePrint:
    for field, seen in (("p", trade.price_usd), ("q", trade.quantity_contracts)):
        if not (seen.is_finite() and seen > 0):
            raise _rejected(path, line, f"trade {field} must be finite and positive, was {seen}")
    return TradePrint(
        time_ns=time_ns,
        instrument_id=instrument_id,
        price_usd=trade.price_usd,
        quantity_contracts=trade.quantity_contracts,
        is_buyer_maker=trade.is_buyer_maker,
    )


def _rejected(path: Path, line: int, message: str) -> RecordingRejected:
    return RecordingRejected(f"{path}: line {line}: {message}; correct or remove the line")
