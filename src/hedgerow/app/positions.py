"""What ``hedgerow price future``, ``pool`` and the other kinds do: one row through its function."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, TypeAlias

from hedgerow import pricing
from hedgerow.app.pool_share import pool_drawing, pool_numbers, pool_words
from hedgerow.app.price_kinds import FLAGS, NEEDED_FOR, Kind, Variant
from hedgerow.app.screen import wide_console
from hedgerow.app.terms import years_remarks
from hedgerow.app.written import write_plot
from hedgerow.errors import OutOfDomain, RequestRejected
from hedgerow.pricing import (
    power_implied,
    power_perpetuals,
)
from hedgerow.reporting.number_words import position_tables, title_words

__all__ = ["OWN", "price_position"]

Numbers: TypeAlias = dict[str, float]
# Beyond it a rate was perhaps written in per cent: half a per cent every eight hours is much.
_FUNDING_USUAL_MAX_FRAC: Final = 0.005


def price_position(
    kind: Kind, given: Mapping[str, float | None], *, as_json: bool, plot: Path | None = None
) -> int:
    """Value what was described, print it, and draw a share of a pool where asked to.

    Raises
    ------
    RequestRejected
        If a flag of the variant that is meant is missing, one of another is given, or the numbers
        do not go together.
    """
    known = {column: value for column, value in given.items() if value is not None}
    variant = _meant(kind, known)
    try:
        raw = _numbers(variant, known)
    except OutOfDomain as bad:
        raise RequestRejected(f"{variant.name}: {_in_flags(str(bad), known)}") from bad
    raw, left_out = _without_what_was_not_given(raw, known)
    remarks = (*_doubts(known), *left_out)
    said = ", ".join(f"{FLAGS[name].name} {value:.10g}" for name, value in known.items())
    title = f"{variant.name.capitalize()}: {said}"
    is_pool = variant.function in ("pool_full_range", "pool_concentrated")
    if plot is not None:
        write_plot(plot, pool_drawing(title, known, raw), as_json=as_json)
    if as_json:
        payload = {"kind": kind.name, "variant": variant.name, "given": known, "raw": raw}
        payload["remarks"] = remarks
        sys.stdout.write(json.dumps(payload, sort_keys=True, allow_nan=False) + "\n")
        return 0
    words = pool_words(known, raw) if is_pool else ()
    tables = position_tables(title, raw, (*words, *remarks))
    wide_console().print(tables, highlight=False, crop=False)
    return 0


def _meant(kind: Kind, known: Numbers) -> Variant:
    """Choose the variant: the one that alone has one of the flags given, else the first."""
    own = [set(variant.needs) - _columns_beside(kind, variant) for variant in kind.variants]
    told = [sorted(set(known) & columns) for columns in own]
    meant = [n for n, columns in enumerate(told) if columns]
    if len(meant) > 1:
        flags = " and ".join(FLAGS[told[n][0]].name for n in meant)
        names = " and ".join(kind.variants[n].name for n in meant)
        raise RequestRejected(f"{flags} mean different things ({names}); leave one out")
    variant = kind.variants[meant[0] if meant else 0]
    lacking = [FLAGS[column].name for column in variant.needs if column not in known]
    if lacking:
        hints = [
            f"; {other.name} is meant by {FLAGS[next(c for c in other.needs if c in columns)].name}"
            for other, columns in zip(kind.variants, own, strict=True)
            if other is not variant and columns and not meant
        ]
        raise RequestRejected(f"{variant.name} needs {', '.join(lacking)}{''.join(hints)}")
    foreign = set(known) - {*variant.needs, *variant.takes}
    if foreign:
        flags = ", ".join(sorted(FLAGS[column].name for column in foreign))
        raise RequestRejected(f"{flags} says nothing of {variant.name}; leave it out")
    return variant


def _columns_beside(kind: Kind, variant: Variant) -> set[str]:
    """Every column that another variant has too."""
    others = [each for each in kind.variants if each is not variant]
    return {column for each in others for column in (*each.needs, *each.takes)}


def _numbers(variant: Variant, known: Numbers) -> Numbers:
    own = OWN.get(variant.function)
    if own is not None:
        return own(known)
    return _row(getattr(pricing, variant.function)(**known))


def _doubts(known: Numbers) -> tuple[str, ...]:
    """Name the numbers that are believed, but were perhaps meant in another unit."""
    years = years_remarks(FLAGS["expiry_years"].name, known.get("expiry_years"))
    rate = known.get("funding_frac_per_interval", 0.0)
    if abs(rate) <= _FUNDING_USUAL_MAX_FRAC:
        return years
    flag = FLAGS["funding_frac_per_interval"].name
    meant = f"{flag} {rate:g}%"
    return (
        *years,
        f"{flag} {rate:g} is {100 * rate:g} % an interval, which is rare: {rate:g} per "
        f"cent would be {meant}.",
    )


def _without_what_was_not_given(raw: Numbers, known: Numbers) -> tuple[Numbers, tuple[str, ...]]:
    """Leave out each number whose column nobody gave, and say by which flag it is to be had."""
    gone, said = set[str](), []
    for column, numbers in NEEDED_FOR.items():
        lost = [name for name in numbers if name in raw and column not in known]
        gone.update(lost)
        if lost:
            titles = " and ".join(title_words(name) for name in lost)
            said.append(f"Not known without {FLAGS[column].name}: {titles}.")
    return {name: value for name, value in raw.items() if name not in gone}, tuple(said)


def _row(record: Any) -> Numbers:
    """Give the one item of each column by name."""
    return {each.name: float(getattr(record, each.name)[0]) + 0.0 for each in fields(record)}


def _power_at_vol(given: Numbers) -> Numbers:
    return _row(power_perpetuals(**_in_years(given)))


def _power_of_mark(given: Numbers) -> Numbers:
    return _row(power_implied(**_in_years(given)))


def _in_years(given: Numbers) -> Any:
    """A person counts the funding period in days."""
    years = {"funding_years": given["funding_days"] / 365.0} if "funding_days" in given else {}
    return {name: value for name, value in given.items() if name != "funding_days"} | years


OWN: Final[dict[str, Callable[[Numbers], Numbers]]] = {
    "pool_full_range": pool_numbers,
    "pool_concentrated": pool_numbers,
    "power_at_vol": _power_at_vol,
    "power_of_mark": _power_of_mark,
}


def _in_flags(message: str, known: Numbers) -> str:
    """Say flags where the room below says columns."""
    for column in sorted(known, key=len, reverse=True):
        message = message.replace(column, FLAGS[column].name)
    return message.replace(", row 0 was", ", was")
