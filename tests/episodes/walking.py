"""The walk that the page of the rooms shows: what it lists, what is visited, what is walked."""

import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import polars as pl

import hedgerow
from hedgerow.margin import Rulebook
from hedgerow.market import AgeLimits, MarketState, Snapshot
from hedgerow.portfolio import Account, Balance, Position
from hedgerow.venues.recordings import read_chains
from tests.rooms.venues.made import chain, file

PACKAGE = Path(hedgerow.__file__).parent
PAGE = Path(__file__).resolve().parents[2] / "docs" / "rooms.md"
NAME = "BTC-27FEB26-80000-P"
NOT_COUNTED = {"errors.py", "units"}
STEP = Decimal("0.00000001")


def listed(page: str, name: str = "walk") -> list[str]:
    """Give the file that each step between the two markers of a name begins with."""
    walk = page.split(f"<!-- {name}: begin -->")[1].split(f"<!-- {name}: end -->")[0]
    return re.findall(r"^\d+\. `([^`]+)`", walk, flags=re.MULTILINE)


def by_room(page: str, name: str) -> dict[str, list[str]]:
    """Give the files of each row of the table between the two markers of a name."""
    table = page.split(f"<!-- {name}: begin -->")[1].split(f"<!-- {name}: end -->")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|$", table, flags=re.MULTILINE)
    return {room: [f"{room}/{each}" for each in re.findall("`([^`]+)`", row)] for room, row in rows}


def of_rooms(files: list[str]) -> dict[str, list[str]]:
    """Put files under their rooms."""
    rooms: dict[str, list[str]] = {}
    for each in files:
        rooms.setdefault(each.split("/")[0], []).append(each)
    return rooms


def namer(package: Path) -> Callable[[CodeType], str | None]:
    """Give a function that says in which file of the package code stands; None is not counted.

    Not counted: `errors` and `units`, and what a module runs once, when it is imported.
    What a decorator wrote for a class (`<string>`) belongs to no file.
    """
    names: dict[CodeType, str | None] = {}

    def name_of(code: CodeType) -> str | None:
        if code not in names:
            path = Path(code.co_filename)
            names[code] = None
            if code.co_name != "<module>" and path.is_relative_to(package):
                name = path.relative_to(package)
                names[code] = None if name.parts[0] in NOT_COUNTED else name.as_posix()
        return names[code]

    return name_of


@contextmanager
def profiled(on_call: Callable[[FrameType], None]) -> Iterator[None]:
    """Tell of every call as long as the block runs."""
    before: Callable[..., Any] | None = sys.getprofile()
    sys.setprofile(lambda frame, event, _: on_call(frame) if event == "call" else None)
    try:
        yield
    finally:
        sys.setprofile(before)


@contextmanager
def visits(package: Path) -> Iterator[list[str]]:
    """List the package's files in order of the first call into each, as long as the block runs."""
    seen: dict[str, None] = {}
    name_of = namer(package)

    def on_call(frame: FrameType) -> None:
        if (name := name_of(frame.f_code)) is not None:
            seen.setdefault(name)

    found: list[str] = []
    with profiled(on_call):
        yield found
    found.extend(seen)


@contextmanager
def climbs(package: Path) -> Iterator[list[tuple[str, str]]]:
    """List who called whom where the one called is of a room further up the corridor."""
    at = corridor()
    seen: dict[tuple[str, str], None] = {}
    name_of = namer(package)

    def on_call(frame: FrameType) -> None:
        called, caller = name_of(frame.f_code), frame.f_back
        while called is not None and caller is not None:
            if (name := name_of(caller.f_code)) is not None:
                if at[called.split("/")[0]] > at[name.split("/")[0]]:
                    seen.setdefault((name, called))
                return
            caller = caller.f_back

    found: list[tuple[str, str]] = []
    with profiled(on_call):
        yield found
    found.extend(seen)


def corridor() -> dict[str, int]:
    """Give the place of every room in the corridor, the lowest first, as imports are held to it."""
    told = tomllib.loads((PAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = told["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    return {
        room: at for at, layer in enumerate(reversed(layers)) for room in re.findall(r"\w+", layer)
    }


def one_row(folder: Path) -> Path:
    """Write a file of chains that holds one snapshot of the one option the page speaks of."""
    frame = chain(snapshots=1, strikes=1, coins=("BTC",)).with_columns(
        instrument_name=pl.lit(NAME), strike=pl.lit(80_000.0), cp=pl.lit("P")
    )
    return file(folder, "chain_202602.parquet", frame)


def at_the_end(folder: Path) -> Snapshot:
    """Read the recording to its end."""
    events = list(read_chains(folder, start_ns=0, end_ns=2**62, underlyings=["BTC"]))
    state = MarketState(ages=AgeLimits(), movers={}, dollars_usd={})
    for event in events:
        state.apply(event)
    return state.freeze(events[-1].time_ns)


def short_put(snapshot: Snapshot, rulebook: Rulebook, coins: int) -> Account:
    """Give the account: 20 puts short, and so many coins."""
    return Account(
        account_id="short-put",
        venue="deribit",
        currency="BTC",
        rulebook=rulebook.name,
        positions=(Position(instrument_id=NAME, quantity_contracts=Decimal(-20)),),
        balances=(Balance(asset="BTC", quantity_coin=Decimal(coins)),),
        time_observed_ns=snapshot.time_ns,
    )


def opened_in_rooms_left(seen: list[str]) -> list[str]:
    """Give the files that a walk first opens in a room it had left: its ways back."""
    rooms = [name.split("/")[0] for name in seen]
    return [
        name
        for at, name in enumerate(seen)
        if at and rooms[at] != rooms[at - 1] and rooms[at] in rooms[:at]
    ]
