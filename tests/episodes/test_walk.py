"""The page of the rooms walks one position from a recording to a requirement; here it is walked."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import polars as pl

import hedgerow
from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import Outcome
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.market import AgeLimits, MarketState
from hedgerow.portfolio import Account, Balance, Position
from hedgerow.units import format_ns
from hedgerow.venues.recordings import option_from_name, read_chains
from tests.rooms.venues.made import chain, file

PACKAGE = Path(hedgerow.__file__).parent
PAGE = Path(__file__).resolve().parents[2] / "docs" / "rooms.md"
FILES_COUNT_MAX = 12
NAME = "BTC-27FEB26-80000-P"
NOT_COUNTED = {"errors.py", "units"}


def listed(page: str) -> list[str]:
    """Give the file that each step between the two markers begins with."""
    walk = page.split("<!-- walk: begin -->")[1].split("<!-- walk: end -->")[0]
    return re.findall(r"^\d+\. `([^`]+)`", walk, flags=re.MULTILINE)


@contextmanager
def visits(package: Path) -> Iterator[list[str]]:
    """List the package's files in order of the first call into each, as long as the block runs.

    Not counted: `errors` and `units`, and what a module runs once, when it is imported.
    What a decorator wrote for a class (`<string>`) belongs to no file.
    """
    seen: dict[str, None] = {}
    names: dict[CodeType, str | None] = {}

    def name_of(code: CodeType) -> str | None:
        path = Path(code.co_filename)
        if code.co_name == "<module>" or not path.is_relative_to(package):
            return None
        name = path.relative_to(package)
        return None if name.parts[0] in NOT_COUNTED else name.as_posix()

    def on_call(frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        code = frame.f_code
        if code not in names:
            names[code] = name_of(code)
        if (name := names[code]) is not None:
            seen.setdefault(name)

    found: list[str] = []
    before: Callable[..., Any] | None = sys.getprofile()
    sys.setprofile(on_call)
    try:
        yield found
    finally:
        sys.setprofile(before)
        found.extend(seen)


def one_row(folder: Path) -> Path:
    """Write a file of chains that holds one snapshot of the one option the page speaks of."""
    frame = chain(snapshots=1, strikes=1, coins=("BTC",)).with_columns(
        instrument_name=pl.lit(NAME), strike=pl.lit(80_000.0), cp=pl.lit("P")
    )
    return file(folder, "chain_202602.parquet", frame)


def required(folder: Path, rulebook: Rulebook) -> Outcome[MarginReport]:
    """Take the option from the recording to the requirement of an account that is short it."""
    events = list(read_chains(folder, start_ns=0, end_ns=2**62, underlyings=["BTC"]))
    state = MarketState(ages=AgeLimits(), movers={}, dollars_usd={})
    for event in events:
        state.apply(event)
    snapshot = state.freeze(events[-1].time_ns)
    account = Account(
        account_id="short-put",
        venue="deribit",
        currency="BTC",
        rulebook=rulebook.name,
        positions=(Position(instrument_id=NAME, quantity_contracts=Decimal(-20)),),
        balances=(Balance(asset="BTC", quantity_coin=Decimal(12)),),
        time_observed_ns=snapshot.time_ns,
    )
    return require(account, {NAME: option_from_name(NAME)}, snapshot, rulebook)


def test_the_page_names_every_file_in_order_of_first_visits(tmp_path: Path) -> None:
    folder, rulebook = one_row(tmp_path), packaged_rulebooks()["deribit/2026-02-15"]
    with visits(PACKAGE) as seen:
        report = required(folder, rulebook)
    assert isinstance(report, MarginReport), report
    assert sum(line.amount_ccy for line in report.lines) == report.requirement_maintenance_ccy > 0
    assert seen == listed(PAGE.read_text(encoding="utf-8"))


def test_the_walk_is_short() -> None:
    named = listed(PAGE.read_text(encoding="utf-8"))
    assert 0 < len(named) <= FILES_COUNT_MAX
    assert all((PACKAGE / name).is_file() for name in named)


def test_a_second_walk_sees_the_same_files(tmp_path: Path) -> None:
    """Nothing is hidden by what an earlier run left behind in memory."""
    folder, rulebook = one_row(tmp_path), packaged_rulebooks()["deribit/2026-02-15"]
    with visits(PACKAGE) as first:
        required(folder, rulebook)
    with visits(PACKAGE) as second:
        required(folder, rulebook)
    assert first == second


def test_the_tracer_sees_what_is_called_and_leaves_out_units(tmp_path: Path) -> None:
    with visits(PACKAGE) as seen:
        assert format_ns(0) == "1970-01-01T00:00:00Z"
        option_from_name(NAME)
    assert seen == ["venues/recordings/names.py", "instruments/records.py"]
