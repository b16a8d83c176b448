from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.market import Ladder
from hedgerow.simulation import DepthModel
from hedgerow.simulation.depth import ladder_around
from tests.rooms.simulation.desk import INVERSE, PERP, T0

MODEL = DepthModel(
    depth_usd_per_bps=400_000,
    vol_reference_frac=0.5,
    vol_exponent_frac=1.5,
    half_spread_bps=0.5,
    levels_count=3,
    level_step_bps=1.0,
)


def made(vol: float, price: str = "100000") -> Ladder:
    ladder = ladder_around(MODEL, PERP, T0, Decimal(price), vol)
    assert ladder is not None
    return ladder


def test_at_the_reference_vol_the_book_is_as_stated() -> None:
    ladder = made(0.5)
    assert [str(level.price_usd) for level in ladder.bids] == ["99995.0", "99985.0", "99975.0"]
    assert [str(level.price_usd) for level in ladder.asks] == ["100005.0", "100015.0", "100025.0"]
    assert {level.quantity_contracts for level in ladder.bids + ladder.asks} == {Decimal("4.000")}
    assert ladder.is_assumed


def test_at_four_times_the_vol_the_book_is_an_eighth_and_the_spread_four_times_wider() -> None:
    ladder = made(2.0)
    assert ladder.asks[0].quantity_contracts == Decimal("0.5")  # 4 / 4^1.5
    assert ladder.asks[0].price_usd == Decimal("100020")


def test_quantities_round_down_and_prices_away_from_the_mark() -> None:
    ladder = made(0.5, "99999.9")
    assert ladder.bids[0].price_usd == Decimal("99994.9")  # 99994.900005 down
    assert ladder.asks[0].price_usd == Decimal("100004.9")  # 100004.899995 up
    assert ladder.bids[0].quantity_contracts == Decimal("4.000")  # 4.000004 down


def test_an_inverse_contract_counts_dollars() -> None:
    ladder = ladder_around(MODEL, INVERSE, T0, Decimal(100000), 0.5)
    assert ladder is not None
    assert ladder.bids[0].quantity_contracts == Decimal(40_000)  # 400,000 USD in contracts of 10


def test_no_whole_lot_is_no_book() -> None:
    thin = msgspec.structs.replace(MODEL, depth_usd_per_bps=1.0)
    assert ladder_around(thin, PERP, T0, Decimal(100000), 0.5) is None


@given(st.floats(0.0, 50.0), st.integers(1, 10_000_000))
def test_any_vol_and_price_make_a_valid_book_or_none(vol: float, tenths: int) -> None:
    price = Decimal(tenths) / 10
    ladder = ladder_around(MODEL, PERP, T0, price, vol)
    if ladder is not None:
        assert ladder.bids[0].price_usd <= price <= ladder.asks[0].price_usd


@pytest.mark.parametrize("field", ["depth_usd_per_bps", "vol_reference_frac", "levels_count"])
def test_parameters_must_be_positive(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        msgspec.convert({**msgspec.structs.asdict(MODEL), field: 0}, DepthModel)


def test_the_statement_names_the_figures() -> None:
    assert "400,000 USD" in MODEL.statement()
    assert "3 levels" in MODEL.statement()


def test_in_a_calm_the_book_deepens_but_the_spread_does_not_narrow() -> None:
    calm = made(0.125)
    assert calm.asks[0].quantity_contracts == Decimal(32)  # 4 · 4^1.5
    assert calm.asks[0].price_usd == Decimal(100_005)
