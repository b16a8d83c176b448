"""The rows of a priced table: their numbers beside the table, and what is said of them."""

import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Final, final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hedgerow.app.option_table import OptionTable
from hedgerow.pricing import GREEKS, CoinGreeks, EuropeanGreeks, Floats
from hedgerow.reporting.greeks import USUAL
from hedgerow.reporting.number_words import unit_words

__all__ = ["ADDED", "COIN", "RAW", "PricedRows", "tell"]

_NAMED_MAX = 20
_LISTED_MAX = 1_000
RAW: Final = EuropeanGreeks.__struct_fields__
COIN: Final = CoinGreeks.__struct_fields__
# The columns that are added, in this order; an input must not have them.
ADDED: Final = (
    "vol_used_frac", *RAW, "delta_venue_frac", *COIN,
    "is_limit", "is_pinned", "reason", "message",
)  # fmt: skip


@final
class PricedRows:
    """The columns that are added; NaN until they are known."""

    def __init__(self, rows_count: int) -> None:
        self.columns: dict[str, Floats] = {
            name: np.full(rows_count, np.nan)
            for name in ("vol_used_frac", *RAW, "delta_venue_frac", *COIN)
        }
        self.is_limit: NDArray[np.bool_] = np.zeros(rows_count, dtype=np.bool_)
        self.is_pinned: NDArray[np.bool_] = np.zeros(rows_count, dtype=np.bool_)

    def beside(self, table: OptionTable) -> pl.DataFrame:
        """Put them beside the table as it came; what is not known is null, never zero."""
        good = table.reasons.are_good
        added = [
            pl.Series(name, np.where(good, column, np.nan)).fill_nan(None)
            for name, column in self.columns.items()
        ]
        for name, flags in (("is_limit", self.is_limit), ("is_pinned", self.is_pinned)):
            known = pl.Series(flags & good)
            added.append(pl.select(pl.when(pl.Series(good)).then(known)).to_series().alias(name))
        for name, words in (("reason", table.reasons.reason), ("message", table.reasons.message)):
            added.append(pl.Series(name, words, dtype=pl.String))
        return table.frame.with_columns(added)


def _places(table: OptionTable, path: Path, rows: NDArray[np.intp]) -> list[str]:
    """Say where rows stand: by the lines of a text file, and by name where there is a column."""
    frame = table.frame
    if not len(rows):
        return []
    names = frame["name"].cast(pl.String).to_list() if "name" in frame.columns else None
    lines = np.arange(len(frame)) + 1
    if path.suffix == ".csv":
        inside = frame.select(
            pl.sum_horizontal(pl.all().cast(pl.String).str.count_matches("\n").fill_null(0))
        ).to_series()
        # Line 1 is the header, and a quoted cell may go over several lines.
        lines = lines + 1 + np.concatenate([[0], np.cumsum(inside.to_numpy())[:-1]]).astype(int)
    word = "line" if path.suffix == ".csv" else "row"
    return [
        f"{word} {lines[n]}" + (f" ({names[n]})" if names is not None and names[n] else "")
        for n in rows
    ]


def _totals(table: OptionTable, numbers: PricedRows) -> dict[str, float | int] | None:
    """Add up the rows that have a quantity and an answer; None where no quantity is given."""
    if "quantity" not in table.frame.columns:
        return None
    rows = np.flatnonzero(table.reasons.are_good & ~np.isnan(table.quantity_coin))
    quantity_coin, spot_usd = table.quantity_coin[rows], table.underlying_usd[rows]

    def total(word: str, scale: Floats | float = 1.0) -> float:
        name = EuropeanGreeks.by_word()[word]
        return math.fsum(quantity_coin * numbers.columns[name][rows] * scale)

    return {
        "value_usd": total("value"),
        "delta_usd": total("delta", spot_usd),
        **{name: total(name.partition("_")[0], GREEKS[name].scale(spot_usd)) for name in USUAL},
        "rows_count": len(rows),
        "left_out_count": len(table.quantity_coin) - len(rows),
    }


def _total_words(totals: dict[str, float | int]) -> str:
    said = ", ".join(
        f"{name.split('_')[0]} {totals[name]:,.2f} {unit_words(name)}"
        for name in totals
        if not name.endswith("_count")
    )
    left = int(totals["left_out_count"])
    short = f"; {left:,} without an answer or a quantity left out" if left else ""
    return f"times quantity, {int(totals['rows_count']):,} rows together: {said}{short}\n"


def tell(
    table: OptionTable, numbers: PricedRows, path: Path, out: Path, said: str, *, as_json: bool
) -> int:
    """Print what became of the rows, and name those without an answer."""
    bad = np.flatnonzero(~table.reasons.are_good)
    reasons, messages = table.reasons.reason, table.reasons.message
    count = len(table.is_call)
    counts = Counter(str(reasons[n]) for n in bad)
    places = _places(table, path, bad[:_LISTED_MAX])
    totals = _totals(table, numbers)
    if as_json:
        payload = {
            "out": str(out),
            "written": said,
            "rows_count": count,
            "priced_count": count - len(bad),
            "failed_count": len(bad),
            "limits_count": int(numbers.is_limit.sum()),
            "pinned_count": int(numbers.is_pinned.sum()),
            "reasons": dict(counts),
            "failures": [
                {
                    "row": int(n) + 1,
                    "place": place,
                    "reason": reasons[n],
                    "message": messages[n],
                }
                for n, place in zip(bad[:_LISTED_MAX], places, strict=True)
            ],
            "failures_left_out_count": max(len(bad) - _LISTED_MAX, 0),
            "totals": totals,
        }
        sys.stdout.write(json.dumps(payload, sort_keys=True, allow_nan=False) + "\n")
        return 1 if len(bad) else 0
    sys.stdout.write(f"{count - len(bad):,} of {count:,} options priced\n{said}\n")
    for one, several, flags in (
        ("is a limit: no time, vol or strike is left", "are limits: no time, vol or strike is left",
         numbers.is_limit),
        ("is near its strike on its last day", "are near their strikes on their last day",
         numbers.is_pinned),
    ):  # fmt: skip
        if many := int(flags.sum()):
            sys.stdout.write(f"{many:,} {f'option {one}' if many == 1 else f'options {several}'}\n")
    if totals is not None:
        sys.stdout.write(_total_words(totals))
    if not len(bad):
        return 0
    for n, place in zip(bad[:_NAMED_MAX], places, strict=False):
        sys.stderr.write(f"{place}: {reasons[n]}: {messages[n]}\n")
    if len(bad) > _NAMED_MAX:
        sys.stderr.write(f"and {len(bad) - _NAMED_MAX:,} more, in column reason of {out}\n")
    why = ", ".join(f"{number:,} {reason}" for reason, number in counts.most_common())
    have = "row has" if count == 1 else f"rows {'has' if len(bad) == 1 else 'have'}"
    sys.stderr.write(f"exit 1: {len(bad):,} of {count:,} {have} no answer: {why}\n")
    return 1
