"""Columns in, columns out: every function of columns writes into the caller's memory, if given any.

What is written is what would have come without, to the last bit; memory of another shape, type or
layout is refused; and where nothing else is said, inputs may lie in it.
"""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import sparse

from hedgerow import pricing
from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    AveragedColumns,
    EuropeanColumns,
    ImpliedVols,
    MinimumVariance,
    MovedContracts,
    OptionColumns,
    QuoteVols,
    ScenarioGrid,
    constant_product_shares,
)

N = 5
rng = np.random.default_rng(12)
PRICE = rng.uniform(5e4, 7e4, N)
STRIKE = rng.uniform(5e4, 7e4, N)
VOL = rng.uniform(0.3, 0.9, N)
YEARS = rng.uniform(0.1, 1.0, N)
CALL = np.array([True, False, True, True, False])
QUANTITY = rng.normal(size=N)

OPTIONS = EuropeanColumns(
    underlying_usd=PRICE, strike_usd=STRIKE, vol_frac=VOL, expiry_years=YEARS, is_call=CALL
)
PLAIN = OptionColumns(PRICE, STRIKE, VOL, YEARS, CALL)
CALLS = OptionColumns(PRICE, STRIKE, VOL, YEARS, np.full(N, True))
AVERAGED = AveragedColumns(
    forward_usd=PRICE, strike_usd=STRIKE, average_observed_usd=PRICE * 1.001, vol_frac=VOL,
    expiry_years=1e-5, window_years=5e-5, is_call=CALL,
)  # fmt: skip
GRID = ScenarioGrid.product(price_moves_frac=(-0.1, 0.0, 0.1))
HELD = sparse.csr_array(rng.normal(size=(2, N)))
COEFFICIENTS = MinimumVariance(
    a_frac=-0.25, b_frac=0.4, c_frac=-0.1, explained_frac=1.0, rows_count=3
)
SHARES = (
    constant_product_shares(liquidity_contracts=1.0, price_usd=PRICE),
    constant_product_shares(liquidity_contracts=1.0, price_usd=PRICE * 1.1),
)

# Function → how it is called, and the shape and type of what it writes.
FLOAT, BOOL = np.dtype(np.float64), np.dtype(np.bool_)
CASES: dict[str, tuple[tuple[Any, ...], dict[str, Any], tuple[int, ...], np.dtype[Any]]] = {
    "european_greeks": ((OPTIONS,), {}, (12, N), FLOAT),
    "coin_greeks": ((OPTIONS,), {}, (15, N), FLOAT),
    "averaged_greeks": ((AVERAGED,), {}, (6, N), FLOAT),
    "averaged_coin_greeks": ((AVERAGED,), {}, (7, N), FLOAT),
    "greeks": ((PLAIN,), {}, (5, N), FLOAT),
    "value_usd": ((PRICE[:, None], STRIKE, VOL, YEARS, CALL), {}, (N, N), FLOAT),
    "vega_usd_per_vol": ((PRICE[:, None], STRIKE, VOL, YEARS), {}, (N, N), FLOAT),
    "delta_forward_frac": ((PRICE[:, None], STRIKE, VOL, YEARS, CALL), {}, (N, N), FLOAT),
    "pin_risk": ((PRICE[:, None], STRIKE, VOL, 1e-4), {}, (N, N), BOOL),
    "sticky_strike_deltas": ((PLAIN,), {}, (N,), FLOAT),
    "sticky_moneyness_deltas": ((PLAIN, VOL), {}, (N,), FLOAT),
    "minimum_variance_deltas": ((CALLS, COEFFICIENTS), {}, (N,), FLOAT),
    "scenario_profits": ((OPTIONS, GRID), {}, (3, N), FLOAT),
    "moved_profits": ((MovedContracts.linear(price_usd=PRICE), GRID), {}, (3, N), FLOAT),
    "account_profits": ((HELD, rng.normal(size=(3, N))), {}, (2, 3), FLOAT),
    "account_scenario_profits": ((OPTIONS, GRID, HELD), {}, (2, 3), FLOAT),
    "linear_futures": (
        (),
        {
            "quantity_coin": QUANTITY, "price_entry_usd": PRICE, "price_mark_usd": STRIKE,
            "price_spot_usd": STRIKE, "expiry_years": YEARS,
        },
        (5, N),
        FLOAT,
    ),
    "linear_perpetuals": (
        (),
        {
            "quantity_coin": QUANTITY, "price_entry_usd": PRICE, "price_mark_usd": STRIKE,
            "funding_frac_per_interval": 0.01,
        },
        (4, N),
        FLOAT,
    ),
    "inverse_futures": (
        (),
        {
            "quantity_usd": QUANTITY, "price_entry_usd": PRICE, "price_mark_usd": STRIKE,
            "expiry_years": YEARS, "collateral_coin": VOL,
        },
        (7, N),
        FLOAT,
    ),
    "inverse_perpetuals": (
        (),
        {
            "quantity_usd": QUANTITY, "price_entry_usd": PRICE, "price_mark_usd": STRIKE,
            "collateral_coin": VOL, "funding_frac_per_interval": 0.01,
        },
        (7, N),
        FLOAT,
    ),
    "quanto_contracts": (
        (),
        {
            "quantity_contracts": QUANTITY, "multiplier_coin_per_usd": 1e-6,
            "price_entry_usd": PRICE, "price_mark_usd": STRIKE, "price_settlement_usd": 2_500.0,
        },
        (7, N),
        FLOAT,
    ),
    "quanto_forwards": (
        (),
        {
            "price_forward_usd": PRICE, "vol_underlying_frac": VOL, "vol_settlement_frac": 0.8,
            "correlation_frac": 0.6, "expiry_years": YEARS,
        },
        (4, N),
        FLOAT,
    ),
    "power_perpetuals": (
        (),
        {
            "quantity_contracts": QUANTITY, "price_usd": PRICE, "norm_factor_frac": 0.7,
            "vol_frac": VOL,
        },
        (8, N),
        FLOAT,
    ),
    "power_perpetuals_at_premium": (
        (),
        {
            "quantity_contracts": QUANTITY, "price_usd": PRICE, "norm_factor_frac": 0.7,
            "price_recorded_usd": STRIKE,
            "price_mark_recorded_usd": 0.7 * STRIKE**2 / 1e4 * 1.02,
        },
        (8, N),
        FLOAT,
    ),
    "power_implied": (
        (),
        {
            "price_mark_usd": 0.7 * PRICE**2 / 1e4 * 1.02, "price_usd": PRICE,
            "norm_factor_frac": 0.7,
        },
        (2, N),
        FLOAT,
    ),
    "constant_product_shares": (
        (), {"liquidity_contracts": QUANTITY, "price_usd": PRICE}, (4, N), FLOAT
    ),
    "concentrated_shares": (
        (),
        {
            "liquidity_contracts": QUANTITY, "price_usd": PRICE, "price_lower_usd": 5.5e4,
            "price_upper_usd": 6.5e4,
        },
        (4, N),
        FLOAT,
    ),
    "losses_versus_rebalancing_usd_per_year": (
        (), {"price_usd": PRICE, "gamma_coin_per_usd": -1e-6, "vol_frac": VOL}, (N,), FLOAT
    ),
    "losses_versus_holding": (SHARES, {"price_usd": PRICE * 1.1}, (3, N), FLOAT),
    "staked_coins": (
        (),
        {
            "quantity_coin": QUANTITY, "rate_coin_per_coin": 1.2, "price_base_usd": PRICE,
            "discount_frac": 0.01, "growth_frac_per_year": 0.03,
        },
        (5, N),
        FLOAT,
    ),
    "loans": (
        (),
        {
            "quantity_coin": QUANTITY, "index_coin_per_coin": 1.1, "price_usd": PRICE,
            "rate_frac_per_year": 0.05,
        },
        (6, N),
        FLOAT,
    ),
    "fixed_yield_tokens": (
        (),
        {
            "quantity_coin": QUANTITY, "price_usd": PRICE, "yield_frac_per_year": 0.1,
            "expiry_years": YEARS,
        },
        (7, N),
        FLOAT,
    ),
}  # fmt: skip
# What writes into a record of arrays, as an earlier call gave it.
RECORDS: dict[str, tuple[Any, ...]] = {
    "implied_vols": (PRICE * 0.2, PRICE, STRIKE, YEARS, CALL),
    "implied_vols_coin": (np.full(N, 0.2), PRICE, STRIKE, YEARS, CALL),
    "quote_vols": (PRICE * 0.199, PRICE * 0.201, PRICE, STRIKE, YEARS, CALL),
}
# What gives no columns: memory, one number, a book, a smile's own record, or a contract in Decimal.
WITHOUT = {
    "are_in_domain", "buffer", "index_volpt", "minimum_variance_fit", "strike_deltas", "unit_ccy",
    "value",
    "worths", "variance_strip",
}  # fmt: skip


def columns(found: Any) -> list[Any]:
    """The arrays of what a function gives, in their order."""
    if isinstance(found, msgspec.Struct):
        each = [getattr(found, name) for name in found.__struct_fields__]
    elif is_dataclass(found):
        each = [getattr(found, field.name) for field in fields(found)]
    else:
        return [found]
    return [column for column in each if isinstance(column, np.ndarray)]


def called(name: str) -> Callable[..., Any]:
    given, named, _, _ = CASES[name]
    return lambda **more: getattr(pricing, name)(*given, **named, **more)


def test_every_function_of_columns_takes_a_buffer() -> None:
    functions = {name for name in pricing.__all__ if inspect.isfunction(getattr(pricing, name))}
    assert functions - WITHOUT == set(CASES) | set(RECORDS)
    for name in functions - WITHOUT:
        assert "out" in inspect.signature(getattr(pricing, name)).parameters, name


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_is_what_would_have_come(name: str) -> None:
    *_, shape, dtype = CASES[name]
    want = columns(called(name)())
    room = np.zeros(shape, dtype=dtype)
    room.view(np.uint8)[...] = 0x7F  # no number anybody would have meant
    got = called(name)(out=room)
    assert all(np.may_share_memory(column, room) for column in columns(got))
    assert b"".join(column.tobytes() for column in want) == room.tobytes()
    for mine, theirs in zip(columns(got), want, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", CASES)
def test_another_shape_or_type_is_refused(name: str) -> None:
    *_, shape, dtype = CASES[name]
    longer = (*shape[:-1], shape[-1] + 1)
    gaps = np.zeros((*shape[:-1], 2 * shape[-1]), dtype=dtype)[..., ::2]
    locked = np.zeros(shape, dtype=dtype)
    locked.setflags(write=False)
    other = np.int64 if dtype == BOOL else np.float32
    for bad in (np.zeros(longer, dtype=dtype), np.zeros(shape, dtype=other), np.zeros(()), gaps,
                locked):  # fmt: skip
        before = bad.tobytes()
        with pytest.raises(OutOfDomain, match=r"^out must be"):
            called(name)(out=bad)
        assert bad.tobytes() == before


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_of_arrays_is_written(name: str) -> None:
    more = {"tick_usd": 1.0} if name == "quote_vols" else {}
    function = getattr(pricing, name)
    want = function(*RECORDS[name], **more)
    blank = type(want)(
        **{each.name: np.zeros_like(getattr(want, each.name)) for each in fields(want)}
    )
    got = function(*RECORDS[name], **more, out=blank)
    assert got is blank
    for mine, theirs in zip(columns(got), columns(want), strict=True):
        assert mine.tobytes() == theirs.tobytes()
    assert any(column.any() for column in columns(want))


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_with_another_array_is_refused(name: str) -> None:
    more = {"tick_usd": 1.0} if name == "quote_vols" else {}
    function = getattr(pricing, name)
    want = function(*RECORDS[name], **more)
    kind: type[ImpliedVols | QuoteVols] = type(want)
    for each in fields(kind):
        for bad in (np.zeros(N + 1), np.zeros(N, dtype=np.int32)):
            arrays = {one.name: np.zeros_like(getattr(want, one.name)) for one in fields(kind)}
            arrays[each.name] = bad
            with pytest.raises(OutOfDomain, match=f"^out.{each.name} must be"):
                function(*RECORDS[name], **more, out=kind(**arrays))
            assert not any(array.any() for array in arrays.values())


@pytest.mark.parametrize(
    "name",
    [name for name, (given, named, *_) in CASES.items() if not given and len(named) > 1],
)
def test_inputs_may_lie_in_the_buffer(name: str) -> None:
    _, named, shape, _ = CASES[name]
    want = called(name)()
    room = np.zeros(shape)
    # The last inputs lie in the first rows, so that none is written before all are read.
    arrays = [key for key, value in named.items() if isinstance(value, np.ndarray)]
    flat = room.reshape(-1)
    moved = dict(named)
    for at, key in enumerate(reversed(arrays)):
        place = flat[at * N : (at + 1) * N]
        if len(place) == N:
            place[:] = named[key]
            moved[key] = place
    got = getattr(pricing, name)(**moved, out=room)
    for mine, theirs in zip(columns(got), columns(want), strict=True):
        np.testing.assert_array_equal(mine, theirs)
