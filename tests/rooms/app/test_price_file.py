"""``hedgerow price file`` prices a table, and every row it cannot price stays and says why."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hedgerow.pricing import EuropeanGreeks
from tests.golden.read import numbers
from tests.rooms.app.price import ask, told
from tests.rooms.pricing.forty_digits import NAMES, forty_digits


def _in_order(forty: dict[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    return {name: forty[name] for name in NAMES}


TABLE = """\
name,underlying_usd,strike_usd,vol_frac,price_coin,expiry_years,expiry,right,settlement,carry_frac_per_year,rate_frac_per_year
sheet,60000,65000,0.65,,0.2,,call,coin,,
premium,60000,65000,,0.08320946016310597,,2026-03-27,C,coin,,
on spot,60000,65000,0.65,,0.2,,put,,0.02,0.05
at strike,60000,60000,0.65,,0,,call,,,
65,60000,65000,65,,0.2,,call,,,
sign,60000,65000,65%,,0.2,,call,,,
empty,,65000,0.65,,0.2,,call,,,
no price,60000,65000,,,0.2,,call,,,
two,60000,65000,0.5,0.1,0.2,,call,,,
lives,60000,65000,0.5,,0.2,2026-03-27,call,,,
past,60000,65000,0.5,,,2025-03-27,call,,,
word,60000,65000,0.5,,0.2,,klall,,,
no word,60000,65000,0.5,,0.2,,,,,
carried,60000,65000,0.65,,0.2,,put,coin,0.02,
huge,1e999,65000,0.65,,0.2,,put,,,
zero,0,65000,0.65,,0.2,,put,,,
dear,60000,65000,,1.2,0.2,,call,coin,,
soon,60000,65000,0.5,,,soon,C,coin,,
euro,60000,65000,0.5,,0.2,,C,euro,,
steep,60000,65000,0.5,,50,,C,,9.5,
endless,60000,65000,0.5,,,2999-01-01,C,,,
"""
REASONS = [
    None, None, None, None, "unit_mistake", None, "missing_data", "missing_data",
    "contradiction", "contradiction", "expired", "not_understood", "missing_data",
    "contradiction", "out_of_bounds", "out_of_bounds", "above_maximum", "not_understood",
    "not_understood", "unit_mistake", "out_of_bounds",
]  # fmt: skip
FILE = ("file", "options.csv", "--at", "2026-01-13T08:00:00Z", "--out")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "options.csv").write_text(TABLE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_is_priced_and_bad_rows_stay_with_their_reason(table: Path, kind: str) -> None:
    answer = ask(*FILE, f"priced.{kind}", at=table)
    assert answer.code == 1
    path = table / f"priced.{kind}"
    priced = pl.read_csv(path) if kind == "csv" else pl.read_parquet(path)
    assert priced["name"].to_list()[4:6] == ["65", "sign"]
    assert priced["reason"].to_list() == REASONS
    bad = priced.filter(pl.col("reason").is_not_null())
    for name in ("vol_used_frac", "value_usd", "value_coin", "is_limit", "is_pinned"):
        assert bad[name].null_count() == len(bad), "no number is neither zero nor a guess"
    assert bad["message"].null_count() == 0
    for line, (reason, name) in enumerate(zip(REASONS, priced["name"], strict=True), start=2):
        assert (f"line {line} ({name}): {reason}: " in answer.err) is (reason is not None)
    assert "exit 1: 16 of 21 rows have no answer" in answer.err
    assert "5 of 21 options priced" in answer.out
    assert "1 option is a limit: no time, vol or strike is left\n" in answer.out
    assert priced["vol_used_frac"][5] == 0.65
    sheet, premium, spot, strike = priced.head(4).to_dicts()
    want = numbers("inverse_option")
    for row in (sheet, premium):
        assert row["value_coin"] == pytest.approx(float(want["value_coin"]), rel=1e-13)
        assert row["vol_used_frac"] == pytest.approx(0.65, rel=1e-13)
        assert row["delta_venue_frac"] == pytest.approx(float(want["delta"]), rel=1e-12)
        assert row["delta_adjusted_coin"] == pytest.approx(
            float(want["delta_premium_adjusted"]), rel=1e-12
        )
    forty = _in_order(forty_digits(60_000.0, 65_000.0, 0.65, 0.2, 0.05, 0.02, -1.0, follows=True))
    for name, (exact, size) in zip(EuropeanGreeks.__struct_fields__, forty.values(), strict=True):
        assert spot[name] == pytest.approx(float(exact), abs=1e-12 * float(size)), name
    assert spot["value_coin"] is None
    assert (strike["is_limit"], strike["is_pinned"], strike["delta_underlying_frac"]) == (
        True, True, 0.5,
    )  # fmt: skip
    assert spot["is_limit"] is False


def test_a_line_is_that_of_the_file_even_after_a_cell_of_two_lines(table: Path) -> None:
    (table / "options.csv").write_text(
        "name,underlying_usd,strike_usd,vol_frac,expiry_years,right\n"
        '"two\nlines",100,110,0.5,0.5,call\n'
        ",100,110,65,0.5,call\n",
        encoding="utf-8",
    )
    answer = ask(*FILE, "out.csv", at=table)
    assert "line 4: unit_mistake" in answer.err
    assert "exit 1: 1 of 2 rows has no answer" in answer.err
    told = json.loads(ask(*FILE, "out.csv", "--json", at=table).out)
    assert [(each["row"], each["place"]) for each in told["failures"]] == [(2, "line 4")]


def test_an_expiry_may_be_written_as_in_a_name(table: Path) -> None:
    (table / "options.csv").write_text(
        "underlying_usd,strike_usd,vol_frac,expiry,right\n"
        "60000,65000,65%,27MAR26,call\n60000,65000,0.65,2026-03-27,call\n"
        "60000,65000,0.65,31FEB26,call\n60000,65000,900%%,27MAR26,call\n",
        encoding="utf-8",
    )
    assert ask(*FILE, "out.parquet", at=table).code == 1
    listed, iso, none, twice = pl.read_parquet(table / "out.parquet").to_dicts()
    assert listed["value_usd"] == iso["value_usd"] == pytest.approx(4992.567609786358, rel=1e-12)
    assert (none["reason"], twice["reason"]) == ("not_understood", "not_understood")


def test_quantities_are_added_up(table: Path) -> None:
    (table / "options.csv").write_text(
        "underlying_usd,strike_usd,vol_frac,expiry_years,right,quantity\n"
        "60000,65000,0.65,0.2,call,-3\n60000,65000,0.65,0.2,put,2\n"
        "60000,65000,0.65,0.2,put,\n60000,65000,0.65,0.2,put,few\n",
        encoding="utf-8",
    )
    answer = ask(*FILE, "out.parquet", "--json", at=table)
    assert answer.code == 1
    got = json.loads(answer.out)
    assert [each["reason"] for each in got["failures"]] == ["not_understood"]
    call, put = (
        forty_digits(60_000.0, 65_000.0, 0.65, 0.2, 0.0, 0.0, sign, follows=False)
        for sign in (1.0, -1.0)
    )
    totals = got["totals"]
    for name, want, size in (
        ("value_usd", "value", 1.0), ("delta_usd", "delta", 60_000.0),
        ("gamma_usd_per_pct", "gamma", 60_000.0**2 / 100), ("vega_usd_per_volpt", "vega", 0.01),
    ):  # fmt: skip
        exact = float(-3 * call[want][0] + 2 * put[want][0]) * size
        assert totals[name] == pytest.approx(exact, rel=1e-12), name
    assert (totals["rows_count"], totals["left_out_count"]) == (2, 2)
    shown = ask(*FILE, "again.parquet", at=table).out
    assert "times quantity, 2 rows together: value " in shown
    assert "; 2 without an answer or a quantity left out" in shown


def test_a_table_on_a_forward_discounts_its_rho(table: Path) -> None:
    """Without a carry the underlying is the forward and rho is -T V; with one it is spot."""
    (table / "options.csv").write_text(
        "underlying_usd,strike_usd,vol_frac,expiry_years,right,rate_frac_per_year,"
        "carry_frac_per_year\n100,110,0.5,0.5,call,0.05,\n100,110,0.5,0.5,call,0.05,0\n",
        encoding="utf-8",
    )
    assert ask(*FILE, "out.parquet", at=table).code == 0
    on_forward, on_spot = pl.read_parquet(table / "out.parquet").to_dicts()
    assert on_forward["value_usd"] == on_spot["value_usd"]
    assert on_forward["rho_usd_per_rate"] == pytest.approx(
        -0.5 * on_forward["value_usd"], rel=1e-14
    )
    assert on_spot["rho_usd_per_rate"] > 0


def test_a_premium_is_compounded_and_a_venue_s_delta_is_not_discounted(table: Path) -> None:
    """A price is what is paid today; undiscounted, it and the delta are exp(r T) more."""
    plain = forty_digits(60_000.0, 65_000.0, 0.65, 0.2, 0.0, 0.0, 1.0, follows=False)
    with_rate = forty_digits(60_000.0, 65_000.0, 0.65, 0.2, 0.1, 0.0, 1.0, follows=False)
    paid = float(with_rate["value"][0])
    (table / "options.csv").write_text(
        "underlying_usd,strike_usd,price_usd,price_coin,expiry_years,right,settlement,"
        f"rate_frac_per_year\n60000,65000,{paid!r},,0.2,call,usd,0.1\n"
        f"60000,65000,,{paid / 60_000!r},0.2,call,coin,0.1\n",
        encoding="utf-8",
    )
    assert ask(*FILE, "out.parquet", at=table).code == 0
    usd, coin = pl.read_parquet(table / "out.parquet").to_dicts()
    for row in (usd, coin):
        assert row["vol_used_frac"] == pytest.approx(0.65, rel=1e-12)
        assert row["value_usd"] == pytest.approx(paid, rel=1e-12)
    assert usd["delta_venue_frac"] is None
    assert coin["delta_venue_frac"] == pytest.approx(float(plain["delta"][0]), rel=1e-12)


def test_a_table_longer_than_a_chunk_is_priced_the_same(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(*FILE, "whole.parquet", at=table)
    monkeypatch.setattr("hedgerow.app.price_table._CHUNK_COUNT", 2)
    ask(*FILE, "chunks.parquet", at=table)
    whole, chunks = (pl.read_parquet(table / f"{name}.parquet") for name in ("whole", "chunks"))
    assert whole.equals(chunks)


def test_a_table_of_types_is_read_as_it_is(table: Path) -> None:
    frame = pl.DataFrame(
        {
            "underlying_usd": [60_000, 60_000],
            "strike_usd": [65_000.0, 65_000.0],
            "vol_frac": [0.65, 0.65],
            "right": ["call", "PUT "],
            "expiry": [date(2026, 3, 27), None],
            "at": [datetime(2026, 1, 13, 8, tzinfo=UTC)] * 2,
            "expiry_years": [None, 0.2],
        }
    )
    frame.write_parquet(table / "typed.parquet")
    got = told("file", "typed.parquet", "--out", "out.parquet", at=table)
    assert (got["priced_count"], got["failed_count"]) == (2, 0)
    call, put = pl.read_parquet(table / "out.parquet")["value_usd"].to_list()
    assert call == pytest.approx(4992.567609786358, rel=1e-13)
    assert put - call == pytest.approx(5_000.0, rel=1e-12)  # parity on a forward
    frame.with_columns(pl.col("vol_frac").cast(pl.String)).write_parquet(table / "text.parquet")
    answer = ask("file", "text.parquet", "--out", "x.csv", at=table)
    assert answer.code == 2
    assert "column vol_frac holds text, numbers were expected" in answer.err


def test_a_summary_in_json_lists_what_failed(table: Path) -> None:
    answer = ask(*FILE, "out.csv", "--json", at=table)
    assert (answer.code, answer.err) == (1, "")
    got = json.loads(answer.out)
    assert (got["rows_count"], got["priced_count"], got["failed_count"]) == (21, 5, 16)
    assert got["reasons"]["contradiction"] == 3
    assert [each["row"] for each in got["failures"]] == [5, *range(7, 22)]
    assert got["failures"][0]["message"] == "vol_frac 65 is 6500 %: write 0.65 for 65 %"
    assert (got["limits_count"], got["pinned_count"]) == (1, 1)
    assert got["failures_left_out_count"] == 0


def test_nothing_is_replaced_in_silence(table: Path) -> None:
    ask(*FILE, "out.csv", at=table)
    answer = ask(*FILE, "out.csv", at=table)
    assert "out.csv written, in place of an earlier one" in answer.out
    answer = ask(*FILE, "options.csv", at=table)
    assert answer.code == 2
    assert "--out options.csv is the table itself" in answer.err
    assert (table / "options.csv").read_text(encoding="utf-8") == TABLE
    answer = ask("file", "out.csv", "--out", "again.csv", "--at", "2026-01-13", at=table)
    assert answer.code == 2
    assert "would be written over" in answer.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "no column underlying_usd, no column strike_usd, no column right"),
        ("underlying_usd,strike_usd,right,vol_frac\n1,1,call,1\n", "expiry_years or expiry"),
        (
            "underlying_usd,strike_usd,right,vol_frac,expiry\n1,1,call,1,2026-03-27\n",
            "column expiry needs to know from when: pass --at",
        ),
        ("underlying_usd,underlying_usd\n1,1\n", "two columns are called underlying_usd"),
        ("underlying_usd,strike_usd\n", "no row below its header; write one option a row"),
        ("", "cannot be read as a table"),
        ("a,b\n1,2,3\n", "cannot be read as a table"),
        (None, "no such file; name the .csv or .parquet"),
    ],
)
def test_a_table_that_is_none(content: str | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    answer = ask("file", "t.csv", "--out", "out.csv", at=tmp_path)
    assert answer.code == 2
    assert said in answer.err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("options.txt", "--out", "a.csv"),
            "options.txt: not a table; name a file that ends in .csv",
        ),
        (("options.csv", "--out", "a.txt"), "--out a.txt: a table ends in .csv or .parquet"),
        (("options.csv", "--out", "no/a.csv", "--at", "2026-01-13"), "there is no folder no"),
        (("options.csv", "--out", "a.csv", "--at", "noon"), "--at noon: write a time"),
        (("options.csv",), "--out is missing"),
        ((), "TABLE is missing"),
    ],
)
def test_a_file_that_cannot_be(words: tuple[str, ...], said: str, table: Path) -> None:
    answer = ask("file", *words, at=table)
    assert answer.code == 2
    assert said in answer.err
    assert [each.name for each in table.iterdir()] == ["options.csv"]
