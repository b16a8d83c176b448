"""Whatever a person writes, the loader loads it or tells what is wrong with it; it never breaks."""

import copy
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.app.desk import load_desk
from hedgerow.errors import DeskRejected
from hedgerow.simulation import World
from tests.rooms.app.edit import EXAMPLE, example, written

pytestmark = pytest.mark.slow  # thousands of desk files

DESK = example()


def places(at: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of every table, list and value below a node."""
    if path:
        yield path
    for key, inside in at.items() if isinstance(at, dict) else enumerate(at):
        if isinstance(inside, dict | list):
            yield from places(inside, (*path, key))
        else:
            yield (*path, key)


def said(at: Any) -> Iterator[Any]:
    """Give every value of the desk, to be written where another belongs."""
    for inside in at.values() if isinstance(at, dict) else at:
        if isinstance(inside, dict | list):
            yield from said(inside)
        else:
            yield inside


PLACES = sorted(places(DESK), key=str)
SAID = sorted({str(value): value for value in said(DESK)}.items())
NAMES = sorted({str(step) for path in PLACES for step in path if isinstance(step, str)})

words = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=12)
scalars = st.one_of(
    st.sampled_from([value for _, value in SAID]),
    st.sampled_from(["", "*", "desk/*/*/*/*", "coin/", "[", "0s", "9e9d", "NaN", "1e400", "-0"]),
    st.sampled_from([0, -1, True, False, 10**18, -(2**63), 10**300]),
    st.sampled_from([float("nan"), float("inf"), -float("inf"), Decimal("1e-400"), Decimal("-0")]),
    st.sampled_from([date(2026, 1, 29), datetime(2026, 1, 29, tzinfo=UTC)]),
    st.sampled_from(["BTC-PERPETUAL", "BTC-27FEB26", "BTC-29JAN26-1-C", "ETH_USDC-27FEB26-1-P"]),
    words,
)
keys = st.one_of(st.sampled_from(NAMES), words)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3), inner
    ),
    max_leaves=6,
)
edits = st.tuples(
    st.sampled_from(["put", "put", "take", "add", "swap"]),
    st.sampled_from(PLACES),
    keys,
    values,
    st.sampled_from(PLACES),
)


def found(raw: Any, path: tuple[Any, ...]) -> Any:
    """Give what is at a path, or None where an earlier edit took it away."""
    for step in path:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def edited(
    raw: dict[str, Any], edit: tuple[str, tuple[Any, ...], str, Any, tuple[Any, ...]]
) -> None:
    """Make one edit, unless its place is gone."""
    how, path, key, value, other = edit
    above, at = found(raw, path[:-1]), found(raw, path)
    if not isinstance(above, dict | list) or (at is None):
        return
    if how == "take":
        del above[path[-1]]
    elif how == "add" and isinstance(at, dict):
        at[key] = value
    elif how == "add" and isinstance(at, list):
        at.append(copy.deepcopy(at[0]) if at and key in NAMES else value)
    else:
        above[path[-1]] = copy.deepcopy(found(raw, other)) if how == "swap" else value
        if above[path[-1]] is None:
            above[path[-1]] = value


def check(path: Path) -> None:
    """Load; a refusal names the file and counts its mistakes."""
    try:
        desk = load_desk(path)
    except DeskRejected as refused:
        told = str(refused)
        assert told.startswith(f"{path}: ")
        assert "Traceback" not in told
        assert all(line.strip() for line in told.splitlines()[1:])
    else:
        assert desk.end_ns > desk.start_ns
        assert desk.step_ns > 0
        assert all(a.rulebook is None or a.rulebook in desk.rulebooks for a in desk.accounts)
        named = {a.account_id for a in desk.accounts}
        assert len(named) == len(desk.accounts)
        for route in desk.routes:
            assert {route.source_account_id, route.target_account_id} <= named
        for account in desk.accounts:
            assert all(p.instrument_id in desk.instruments for p in account.positions)
        World(
            accounts=desk.accounts,
            instruments=desk.instruments,
            rulebooks=desk.rulebooks,
            routes=desk.routes,
        )


@given(st.lists(edits, min_size=1, max_size=6))
def test_any_edit_is_loaded_or_refused(
    tmp_path_factory: pytest.TempPathFactory, made: list[Any]
) -> None:
    raw = copy.deepcopy(DESK)
    for edit in made:
        edited(raw, edit)
    check(written(tmp_path_factory.getbasetemp(), raw))


@pytest.mark.parametrize("value", [[], {}, "", -1], ids=["a list", "a table", "no text", "less"])
def test_one_value_of_another_kind_in_any_place(tmp_path: Path, value: Any) -> None:
    for path in PLACES:
        raw = copy.deepcopy(DESK)
        edited(raw, ("put", path, "", value, path))
        check(written(tmp_path, raw))


@given(st.dictionaries(keys, values, max_size=6))
def test_any_table_is_loaded_or_refused(
    tmp_path_factory: pytest.TempPathFactory, raw: dict[str, Any]
) -> None:
    check(written(tmp_path_factory.getbasetemp(), raw))


@given(st.data())
def test_any_text_is_loaded_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = EXAMPLE.read_bytes()
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 40))
    cut = text[:start] + data.draw(st.binary(max_size=10)) + text[start + length :]
    path = tmp_path_factory.getbasetemp() / "cut.toml"
    path.write_bytes(cut)
    check(path)
