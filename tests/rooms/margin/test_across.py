"""The model beside the engines: equal within its bound; where it is silent the engine speaks."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.instruments import InverseFuture, Option
from hedgerow.margin import (
    MarginReport,
    require,
    require_across,
)
from hedgerow.margin.model import Cells, TierColumns
from hedgerow.margin.venues import ENGINE_OF
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account
from tests.builders import (
    account,
    perpetual,
    resting,
)
from tests.draws import draws
from tests.rooms.margin.across_cases import AT_1000, COINS, PERPS, SHOCKS, TIERED, across, agree
from tests.rooms.margin.engine_case import EngineCase
from tests.rooms.margin.engines import CASES

D = Decimal
WITH_MODEL = [case for case in CASES if ENGINE_OF[type(case.rulebook)].model is not None]


def drawn(data: st.DataObject, case: EngineCase) -> Account:
    return data.draw(st.composite(case.build_account)())


def test_the_kinds_that_have_a_model() -> None:
    tags = {engine.tag for engine in ENGINE_OF.values() if engine.model is not None}
    assert tags >= {"tiered", "tiered_coin", "hyperliquid", "lending", "scan"}
    assert {ENGINE_OF[type(case.rulebook)].tag for case in WITH_MODEL} == tags


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@given(data=st.data())
def test_every_cell_is_the_engines_within_the_bound(case: EngineCase, data: st.DataObject) -> None:
    """Accounts with orders and without, next to each other; engines with a model and without."""
    some = [drawn(data, case) for _ in range(data.draw(st.integers(1, 3)))]
    bare = [msgspec.structs.replace(each, orders=()) for each in some]
    accounts = [bare[0], *some, account(currency=bare[0].currency)]
    shocks = [Shock(), *data.draw(st.lists(SHOCKS, min_size=1, max_size=2))]
    found = across(accounts, case.instruments, case.snapshot, shocks, case.rulebook)
    agree(found, accounts, case.instruments, case.snapshot, shocks, case.rulebook)
    for held, path in zip(accounts, found.paths, strict=True):
        if held.orders or case not in WITH_MODEL:
            assert path == "exact"


@pytest.mark.parametrize("case", WITH_MODEL, ids=lambda case: case.name)
@draws(15)
@given(data=st.data())
def test_a_model_answers_what_has_no_jump_near(case: EngineCase, data: st.DataObject) -> None:
    """So that the equality above is not the engine's with itself."""
    held = msgspec.structs.replace(drawn(data, case), orders=())
    shocks = [
        Shock(spot_factor_frac={coin: 1.0 - 0.0137 * at for coin in COINS}) for at in range(9)
    ]
    found = across([held], case.instruments, case.snapshot, shocks, case.rulebook)
    assert found.is_exact.sum() - (~found.is_answered).sum() <= 2


# --- no answer ------------------------------------------------------------------------------------


def lacking(case: EngineCase) -> list[Snapshot]:
    """The market without one thing it knows, for each of them."""
    now, found = case.snapshot, []
    for name in ("quotes", "options", "indices", "oracles", "lendings"):
        known = getattr(now, name)
        for gone in known:
            left = {key: value for key, value in known.items() if key != gone}
            changed: dict[str, Any] = {name: left}
            found.append(replace(now, **changed))
    return found


@pytest.mark.parametrize("case", WITH_MODEL, ids=lambda case: case.name)
@draws(15)
@given(data=st.data())
def test_what_the_market_does_not_know_has_the_engines_reason(
    case: EngineCase, data: st.DataObject
) -> None:
    held = [msgspec.structs.replace(drawn(data, case), orders=())]
    shocks = [Shock(), Shock(spot_factor_frac=dict.fromkeys(COINS, 0.9))]
    for now in lacking(case):
        found = across(held, case.instruments, now, shocks, case.rulebook)
        agree(found, held, case.instruments, now, shocks, case.rulebook)
        assert not found.is_answered.any()
        assert {each.failure.reason for each in found.unanswered} == {"missing_data"}


def test_a_position_without_an_entry_or_of_another_kind_has_the_engines_reason() -> None:
    alien = perpetual("SOL")
    for case in WITH_MODEL:
        one = next(iter(case.instruments))
        for positions in ({one: D(1)}, {"SOL-PERP": (D(1), 100)}):
            held = [account(currency="BTC", positions=positions)]
            terms = {**case.instruments, "SOL-PERP": alien}
            found = across(held, terms, case.snapshot, [Shock()], case.rulebook)
            agree(found, held, terms, case.snapshot, [Shock()], case.rulebook)


@pytest.mark.parametrize("case", WITH_MODEL, ids=lambda case: case.name)
def test_orders_that_rest_are_the_engines(case: EngineCase) -> None:
    name = list(case.instruments)[-1]
    terms = case.instruments[name]
    in_coin = isinstance(terms, InverseFuture | Option)
    bare = account(currency="BTC" if in_coin else "USDC")
    held = [msgspec.structs.replace(bare, orders=(resting(name, D(1), 1),))]
    found = across(held, case.instruments, case.snapshot, [Shock()], case.rulebook)
    agree(found, held, case.instruments, case.snapshot, [Shock()], case.rulebook)
    assert found.paths == ("exact",)


def test_an_account_without_a_rulebook_is_named() -> None:
    free = msgspec.structs.replace(account(), rulebook=None)
    other = msgspec.structs.replace(account(), rulebook="nobody/2026-01-01")
    found = require_across([free, other], {}, AT_1000, [Shock(), Shock()], {})
    assert not found.is_answered.any()
    assert found.is_liquidatable.all()
    told = [each.failure.message for each in found.unanswered]
    assert "names no rulebook" in told[0]
    assert "nobody/2026-01-01" in told[2]


def test_no_number_leaves_that_is_none() -> None:
    held = account(positions={"BTC-PERP": (D(1), 1000)}, orders=(resting("BTC-PERP", D(1), 900),))
    found = across([held, account()], PERPS, AT_1000, [Shock()], TIERED)
    for column in (found.equity_ccy, found.requirement_maintenance_ccy, found.bound_ccy):
        assert np.isfinite(column).all()
    assert found.paths == ("exact", "model")


def test_no_shock_and_no_account_give_nothing() -> None:
    assert across([account()], PERPS, AT_1000, [], TIERED).equity_ccy.shape == (1, 0)
    found = across([], PERPS, AT_1000, [Shock()], TIERED)
    assert found.equity_ccy.shape == (0, 1)
    assert found.paths == ()


def test_on_the_line_the_model_says_breach_and_the_engine_does_not() -> None:
    """Equity of exactly the requirement is safe at the venue; a double cannot tell."""
    held = [
        account(positions={"BTC-PERP": (D(1), 1000)}, balances={"USDC": D(10) + D(more)})
        for more in ("0", "1e-7", "-1e-7")
    ]
    found = across(held, PERPS, AT_1000, [Shock()], TIERED)
    assert found.paths == ("model",) * 3
    assert found.is_liquidatable[:, 0].tolist() == [True, False, True]
    exact = [require(each, PERPS, AT_1000, TIERED) for each in held]
    told = [isinstance(each, MarginReport) and each.is_liquidatable for each in exact]
    assert told == [False, False, True]


def test_tiers_as_columns_beyond_the_last_floor() -> None:
    table = TierColumns.of([D(0), D(10)], [D("0.1"), D("0.2")], [D("0.2"), D("0.4")])
    maintenance, initial, is_left = table.needs(np.array([[0.0, 5.0, 10.0, 20.0]]))
    assert maintenance[0].tolist() == pytest.approx([0.0, 0.5, 1.0, 3.0])
    assert initial[0, [0, 1, 3]].tolist() == pytest.approx([0.0, 1.0, 8.0])
    assert is_left.tolist() == [[False, False, True, False]]


def test_cells_that_are_left_are_no_numbers() -> None:
    assert np.isnan(Cells.left(2, 3).equity_ccy).all()
