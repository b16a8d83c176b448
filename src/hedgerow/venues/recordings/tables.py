"""A parquet file as an ordered stream of small, checked tables.

Every reader comes through here, so that each file is checked the same way: the columns are there,
their types fit, no row breaks a rule, and time does not run backwards. Rows are read in slices, so
that memory depends on the slice and not on the file.

A reader first says what it needs: columns with their kinds, what no value in them may be, and what
must hold between the columns of one row. A `Rule` is an expression that is true where a row is
fine, with the same said in words; a null makes it neither true nor false and is judged by
`Column.nullable` alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

import polars as pl
from polars.exceptions import PanicException, PolarsError

from hedgerow.errors import RecordingRejected
from hedgerow.units import format_ns

__all__ = [
    "ROWS_COUNT_SLICE",
    "Column",
    "Kind",
    "Rule",
    "Sheet",
    "amount",
    "count",
    "distinct",
    "find_files",
    "find_one",
    "label",
    "last_ns_of",
    "moment",
    "price",
    "prices",
    "real",
    "vol",
    "whole_moments",
]

# A slice of a chain is about 2 MB as columns and 20 MB as records, should a caller keep them all.
ROWS_COUNT_SLICE = 16_384

_EVERY_ROW: Mapping[str, str] = MappingProxyType({})
_UNITS_NS = {"ms": 1_000_000, "us": 1_000, "ns": 1}

Kind: TypeAlias = Literal["number", "text", "moment", "integer", "numbers"]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What must hold between the `fields` of one row; `says` completes "<fields> must be"."""

    fields: tuple[str, ...]
    holds: pl.Expr
    says: str


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column that must be there, its kind, and the rule its values obey."""

    name: str
    kind: Kind
    rule: Rule | None = None
    nullable: bool = False


def label(name: str) -> Column:
    """Text: a symbol, an instrument, a venue."""
    return Column(name, "text")


def moment(name: str) -> Column:
    """A time in UTC."""
    return Column(name, "moment")


def count(name: str) -> Column:
    """An integer: nanoseconds, decimals of a token."""
    return Column(name, "integer")


def price(name: str, *, nullable: bool = False, zero_is_fine: bool = False) -> Column:
    """A price: finite and positive (a mark far from the money may be printed as zero)."""
    value = pl.col(name)
    sign, says = (value >= 0, "not negative") if zero_is_fine else (value > 0, "positive")
    rule = Rule((name,), value.is_finite() & sign, f"finite and {says}")
    return Column(name, "number", rule, nullable)


def amount(name: str) -> Column:
    """A volume or a size: finite and not negative."""
    return price(name, zero_is_fine=True)


def real(name: str, *, limit: float | None = None, nullable: bool = False) -> Column:
    """A number of either sign: finite, and inside ±limit where one is given."""
    value = pl.col(name)
    if limit is None:
        rule = Rule((name,), value.is_finite(), "finite")
    else:
        rule = Rule(
            (name,), value.is_finite() & (value.abs() < limit), f"finite and inside ±{limit:g}"
        )
    return Column(name, "number", rule, nullable)


def vol(name: str) -> Column:
    """An annualised vol as a fraction; above 10 it is percent taken for a fraction."""
    value = pl.col(name)
    return Column(name, "number", Rule((name,), (value > 0) & (value <= 10), "in (0, 10]"))


def prices(name: str) -> Column:
    """A list of positive numbers: one side of a ladder."""
    value = pl.col(name)
    every = value.list.eval(pl.element().is_finite() & (pl.element() > 0)).list.all()
    return Column(name, "numbers", Rule((name,), every, "a list of finite, positive numbers"))


def _fits(dtype: pl.DataType, kind: Kind) -> bool:
    """Whether a column of this type can be read as this kind.

    Float32 is refused: its shortest decimal is not what the venue printed.
    """
    match kind:
        case "number":
            return dtype == pl.Float64 or dtype.is_integer()
        case "text":
            return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)
        case "moment":
            return isinstance(dtype, pl.Datetime) and dtype.time_zone == "UTC"
        case "integer":
            return dtype.is_integer()
        case "numbers":
            return dtype == pl.List(pl.Float64)


# What a message tells the person who made the file.
_NEEDED: dict[Kind, str] = {
    "number": "Float64",
    "text": "String or Categorical",
    "moment": "Datetime in UTC",
    "integer": "an integer",
    "numbers": "List(Float64)",
}


def find_files(folder: Path, pattern: str) -> tuple[Path, ...]:
    """Give the files of a recording in order of name.

    Raises
    ------
    RecordingRejected
        If the folder is not there or holds no such file.
    """
    if not folder.is_dir():
        raise RecordingRejected(f"{folder}: no such folder of recordings")
    found = tuple(sorted(path for path in folder.glob(pattern) if path.is_file()))
    if not found:
        raise RecordingRejected(f"{folder}: no file named {pattern}; is it the right folder?")
    return found


def find_one(folder: Path, pattern: str) -> Path:
    """Give the one file of that name; two would leave open which is meant."""
    found = find_files(folder, pattern)
    if len(found) > 1:
        raise RecordingRejected(
            f"{folder}: one file named {pattern} expected, found {', '.join(p.name for p in found)}"
        )
    return found[0]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """How files of one schema are read.

    `clock` is the column of the time; a row is known `delay_ns` after it (a candle stamped with its
    open is known at its close). `subject` names the row in messages.
    """

    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    clock: str = "ts"
    delay_ns: int = 0
    subject: str | None = None

    def slices(
        self,
        paths: Sequence[Path],
        *,
        start_ns: int,
        end_ns: int,
        where: Mapping[str, str] = _EVERY_ROW,
    ) -> Iterator[tuple[Path, pl.DataFrame]]:
        """Give the rows known in [start_ns, end_ns), slice by slice, file after file.

        `where` picks one stream of a file that holds several, by the text in these columns. Two
        columns are added: `row` (from 0, in the file) and `time_ns`.

        Raises
        ------
        RecordingRejected
            If a file cannot be read, lacks a column, breaks a rule or runs backwards, or if no file
            has such a row at any time. Only rows inside the window are looked at.
        """
        last_ns, is_empty = -(2**63), True
        for path in paths:
            with _reading(path):
                for table in self._slices_of(path, start_ns, end_ns, where):
                    is_empty = False
                    self._check(path, table, last_ns)
                    last_ns = table["time_ns"][-1]
                    yield path, table
        if is_empty and where:
            _check_known(paths, where)

    def rows(self, path: Path) -> pl.DataFrame:
        """Give every row of a file that has no clock: a table of terms, a state of one moment.

        Raises
        ------
        RecordingRejected
            If the file cannot be read, lacks a column or breaks a rule.
        """
        with _reading(path):
            lazy = pl.scan_parquet(path, row_index_name="row", glob=False)
            self._check_schema(path, lazy.collect_schema())
            texts = [column.name for column in self.columns if column.kind == "text"]
            table = (
                lazy.select("row", *(column.name for column in self.columns))
                .with_columns(pl.col(texts).cast(pl.String), time_ns=pl.lit(None, pl.Int64))
                .collect()
            )
            self._check_values(path, table)
        return table

    def reject(self, path: Path, table: pl.DataFrame, at: int, message: str) -> RecordingRejected:
        """Make the error for row `at` of a slice, naming file, row, subject and time."""
        where = f"{path}: row {table['row'][at]}"
        name = [] if self.subject is None else [str(table[self.subject][at])]
        time_ns = table["time_ns"][at]
        when = [] if time_ns is None else [format_ns(time_ns - self.delay_ns)]
        known = ", ".join(name + when)
        return RecordingRejected(f"{where} ({known}): {message}; correct or remove the row")

    def _slices_of(
        self, path: Path, start_ns: int, end_ns: int, where: Mapping[str, str]
    ) -> Iterator[pl.DataFrame]:
        lazy = pl.scan_parquet(path, row_index_name="row", glob=False)
        schema = lazy.collect_schema()
        self._check_schema(path, schema)
        wanted = self._window(schema[self.clock], start_ns, end_ns)
        for name, text in where.items():
            # A row without the text may be anybody's: it is kept, and refused below.
            wanted = wanted & ((pl.col(name) == text) | pl.col(name).is_null())
        # First only which rows: few columns, and row groups outside the statistics are skipped.
        row = pl.col("row")
        first, last = (
            lazy.filter(wanted).select(row.min().alias("a"), row.max().alias("b")).collect().row(0)
        )
        if first is None:
            return
        names = ["row", *(column.name for column in self.columns)]
        texts = [column.name for column in self.columns if column.kind == "text"]
        for offset in range(first, last + 1, ROWS_COUNT_SLICE):
            count = min(ROWS_COUNT_SLICE, last + 1 - offset)
            table = (
                lazy.slice(offset, count)
                .filter(wanted)
                .select(names)
                .with_columns(
                    pl.col(texts).cast(pl.String),
                    self._time_ns(schema[self.clock]).alias("time_ns"),
                )
                .collect()
            )
            if table.height:
                yield table

    def _time_ns(self, dtype: pl.DataType) -> pl.Expr:
        clock = pl.col(self.clock)
        stamp_ns = clock.dt.epoch("ns") if isinstance(dtype, pl.Datetime) else clock.cast(pl.Int64)
        return stamp_ns + self.delay_ns

    def _window(self, dtype: pl.DataType, start_ns: int, end_ns: int) -> pl.Expr:
        """Compare in the column's own unit, so that the statistics of the file can be used."""
        unit_ns = _UNITS_NS[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 1
        # Rounded up: the first stamp at or after the bound.
        low, high = (-((self.delay_ns - bound_ns) // unit_ns) for bound_ns in (start_ns, end_ns))
        clock = pl.col(self.clock)
        inside = (clock >= pl.lit(low, dtype)) & (clock < pl.lit(high, dtype))
        return inside | clock.is_null()

    def _check_schema(self, path: Path, schema: pl.Schema) -> None:
        missing = [column.name for column in self.columns if column.name not in schema]
        if missing:
            raise RecordingRejected(
                f"{path}: missing column {', '.join(missing)}; "
                f"the file has {', '.join(name for name in schema if name != 'row')}"
            )
        for column in self.columns:
            if not _fits(schema[column.name], column.kind):
                raise RecordingRejected(
                    f"{path}: column {column.name} must be {_NEEDED[column.kind]}, "
                    f"was {schema[column.name]}"
                )

    def _check(self, path: Path, table: pl.DataFrame, last_ns: int) -> None:
        self._check_values(path, table)
        times = table["time_ns"]
        steps = times.diff()
        if times[0] < last_ns or (steps < 0).any():
            at = 0 if times[0] < last_ns else (steps < 0).fill_null(value=False).arg_max()
            assert at is not None
            before_ns = last_ns if at == 0 else times[at - 1]
            raise self.reject(
                path,
                table,
                at,
                f"{self.clock} runs backwards, after {format_ns(before_ns - self.delay_ns)}",
            )

    def _check_values(self, path: Path, table: pl.DataFrame) -> None:
        for column in self.columns:
            if not column.nullable and table[column.name].null_count():
                at = table[column.name].is_null().arg_max()
                assert at is not None
                raise self.reject(path, table, at, f"{column.name} must not be null, was null")
        own = [column.rule for column in self.columns if column.rule is not None]
        rules = [*own, *self.rules]
        broken = table.select((~rule.holds).any().alias(str(i)) for i, rule in enumerate(rules))
        for rule, is_broken in zip(rules, broken.row(0) if rules else (), strict=True):
            if is_broken:
                at = table.select((~rule.holds).fill_null(value=False).arg_max()).item()
                seen = ", ".join(f"{_shown(table[name][at])}" for name in rule.fields)
                fields = " and ".join(rule.fields)
                raise self.reject(path, table, at, f"{fields} must be {rule.says}, was {seen}")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say which file could not be read; on some broken files polars panics rather than raises."""
    try:
        yield
    except (PolarsError, PanicException, OSError) as error:
        raise RecordingRejected(f"{path}: cannot be read: {error}; copy it anew") from error


def _check_known(paths: Sequence[Path], where: Mapping[str, str]) -> None:
    """Refuse a name that the files never mention: a window may be empty, a name may be misspelt."""
    names = list(where)
    known: set[tuple[str, ...]] = set()
    for path in paths:
        seen = pl.scan_parquet(path, glob=False).select(pl.col(names).cast(pl.String))
        with _reading(path):
            known |= set(seen.drop_nulls().unique().collect().iter_rows())
    if tuple(where.values()) not in known:
        wanted = " and ".join(f"{name} {text}" for name, text in where.items())
        there = ", ".join(" ".join(texts) for texts in sorted(known)) or "none at all"
        raise RecordingRejected(
            f"{', '.join(str(path) for path in paths)}: no row has {wanted}; there are {there}"
        )


def distinct(path: Path, name: str) -> list[str]:
    """Give the different labels in one column of a file.

    Raises
    ------
    RecordingRejected
        If the file cannot be read or lacks the column.
    """
    with _reading(path):
        seen = pl.scan_parquet(path, glob=False).select(pl.col(name).cast(pl.String))
        return [each for each in seen.unique().collect().to_series() if each is not None]


def last_ns_of(path: Path, name: str, clock: str) -> dict[str, int]:
    """Give the last time in a file of each label of one column, as the file stamps it.

    Empty where the clock is no clock: who reads the rows says what is wrong with it.

    Raises
    ------
    RecordingRejected
        If the file cannot be read or lacks the column.
    """
    with _reading(path):
        rows = pl.scan_parquet(path, glob=False)
        if not isinstance(rows.collect_schema().get(clock), pl.Datetime):
            return {}
        stamps = rows.select(pl.col(name).cast(pl.String), pl.col(clock).dt.epoch("ns"))
        last = stamps.drop_nulls().group_by(name).agg(pl.col(clock).max()).collect()
        return dict(last.iter_rows())


def whole_moments(
    slices: Iterator[tuple[Path, pl.DataFrame]],
) -> Iterator[tuple[Path, pl.DataFrame]]:
    """Cut a stream of slices anew, so that the rows of one time in one file are never parted."""
    held: tuple[Path, pl.DataFrame] | None = None
    for path, table in slices:
        joined = table
        if held is not None and held[0] == path:
            joined = pl.concat([held[1], table])
        elif held is not None:
            yield held
        is_last = joined["time_ns"] == joined["time_ns"][-1]
        held = path, joined.filter(is_last)
        done = joined.filter(~is_last)
        if done.height:
            yield path, done
    if held is not None:
        yield held


def _shown(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)
