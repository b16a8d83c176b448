"""Hours of spot, rounds of a peg and settlements of funding, made by the tests; no options."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

__all__ = ["HOUR", "desk_like", "recorded_rates"]

HOUR = timedelta(hours=1)
_MS = pl.Datetime("ms", "UTC")


def recorded_rates(
    folder: Path,
    *,
    coin: str,
    start: datetime,
    hours_count: int,
    price_usd: Callable[[int], float],
    funding_frac: Callable[[int], float],
    rounds: Sequence[tuple[datetime, str]] = (),
) -> Path:
    """Write them: an hour's close is the price of its number, and so a settlement's rate.

    Rounds are of stETH/ETH, as the feed writes them but with a decimal point; as in the recording
    ETH/USD begins long after.
    """
    closes = [price_usd(n) for n in range(hours_count)]
    candles = [
        {
            "ts": start + n * HOUR,
            "symbol": f"{coin}USDT",
            "open": close,
            "high": close,
            "low": close,
            "close": close,
            "volume": 1.5,
        }
        for n, close in enumerate(closes)
    ]
    fundings = [
        {"ts": at, "venue": "binance", "asset": coin, "rate": funding_frac(n)}
        for n in range(1, hours_count + 1)
        if (at := (start + n * HOUR).astimezone(UTC)).hour % 8 == 0
    ]
    written = {
        "ohlcv_binance/spot_1h.parquet": pl.DataFrame(candles, schema_overrides={"ts": _MS}),
        "funding/funding_history.parquet": pl.DataFrame(fundings, schema_overrides={"ts": _MS}),
    }
    if rounds:
        told = [
            {
                "feed": "stETH/ETH",
                "updated_at": at,
                "answer_raw": str(int(float(answer) * 10**6) * 10**12),
                "decimals": 18,
            }
            for at, answer in rounds
        ]
        later = start + timedelta(days=400)
        dollars = {"updated_at": later, "answer_raw": "200000000000", "decimals": 8}
        told.append({"feed": "ETH/USD", **dollars})
        written["chainlink_rounds/rounds.parquet"] = pl.DataFrame(
            told, schema_overrides={"updated_at": _MS}
        )
    for name, frame in written.items():
        path = folder / name
        path.parent.mkdir(parents=True)
        frame.write_parquet(path)
    return folder


def desk_like(example: Path, folder: Path, *changes: tuple[str, str]) -> Path:
    """Write a desk of the examples with some of its text replaced, its rulebooks beside it."""
    text = example.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    path = folder / "desk.toml"
    path.write_text(text, encoding="utf-8")
    books = example.parent / "rulebooks"
    for book in books.rglob("*.toml"):
        target = folder / "rulebooks" / book.relative_to(books)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(book.read_bytes())
    return path
