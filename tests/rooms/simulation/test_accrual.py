import json
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest

from hedgerow.market.interest import compounded_interest_ray, linear_interest_ray, ray_mul
from hedgerow.simulation import LendingModel, ShareModel, StakingModel
from hedgerow.units import YEAR_NS
from tests.rooms.simulation.desk import RAY, T0, VECTORS


def cases(kind: str) -> list[dict[str, Any]]:
    path = VECTORS / "aave_v3.json"
    if not path.exists():
        pytest.skip("shared/vectors/onchain/aave_v3.json is not beside the repository")
    found = [case for case in json.loads(path.read_text())["cases"] if case["kind"] == kind]
    assert found
    return found


def test_linear_interest_is_the_protocols() -> None:
    for case in cases("linear_interest_ray"):
        given = case["given"]
        found = linear_interest_ray(int(given["rate_ray"]), given["seconds"])
        assert found == int(case["then"]["value"]), case["id"]


def test_compounded_interest_is_the_protocols() -> None:
    for case in cases("compounded_interest_ray"):
        given = case["given"]
        found = compounded_interest_ray(int(given["rate_ray"]), given["seconds"])
        assert found == int(case["then"]["value"]), case["id"]


def test_normalised_income_is_the_protocols() -> None:
    for case in cases("normalised_income_ray"):
        given = case["given"]
        linear = linear_interest_ray(int(given["rate_ray"]), given["seconds"])
        assert ray_mul(linear, int(given["index_ray"])) == int(case["then"]["value"]), case["id"]


def test_a_year_of_supply_is_linear_and_of_debt_compounded() -> None:
    model = LendingModel(
        market="aave",
        asset="USDC",
        supply_frac_per_year=Decimal("0.03"),
        borrow_frac_per_year=Decimal("0.05"),
    )
    index = model.at(T0 + YEAR_NS, T0)
    assert index.liquidity_index_ray == RAY * 103 // 100
    # e^0.05 - 1 = 0.0512711; its first three terms are 0.0512708, and the protocol rounds the cube
    # of the rate per second to one digit, which costs 1e-7 here.
    assert index.borrow_index_ray / RAY == pytest.approx(1.0512708, abs=2e-7)
    assert model.at(T0, T0).borrow_index_ray == RAY
    assert index.supply_frac_per_year == model.supply_frac_per_year
    assert index.borrow_frac_per_year == model.borrow_frac_per_year


def test_a_staked_coin_grows_linearly_and_keeps_its_discount() -> None:
    model = StakingModel(
        asset="wstETH",
        base="ETH",
        rate_coin_per_coin=Decimal("1.2"),
        growth_frac_per_year=Decimal("0.03"),
        discount_frac=Decimal("0.001"),
    )
    assert model.at(T0, T0).rate_coin_per_coin == Decimal("1.2")
    grown = model.at(T0 + YEAR_NS, T0)
    assert grown.rate_coin_per_coin == Decimal("1.236")
    assert grown.discount_frac == Decimal("0.001")
    assert grown.is_assumed


def test_statements_name_the_rates() -> None:
    lending = LendingModel(market="aave", asset="USDC", borrow_frac_per_year=Decimal("0.05"))
    assert "5.0000 %" in lending.statement()
    staking = StakingModel(
        asset="wstETH", base="ETH", rate_coin_per_coin=Decimal("1.2"), heartbeat_ns=YEAR_NS
    )
    assert "blind to the discount" in staking.statement()
    with pytest.raises(ValueError, match="must not be negative"):
        LendingModel(market="aave", asset="USDC", borrow_frac_per_year=Decimal("-1"))


def test_the_terms_of_compounding_by_hand() -> None:
    # A rate of 1e20 a second: x = 1e20, x² = 1e13, x³ = 1e6, all scaled 1e27.
    rate_ray = 10**20 * 31_536_000
    table = (
        (0, 10**27),
        (1, 10**27 + 10**20),
        (2, 10**27 + 2 * 10**20 + 10**13),
        (3, 10**27 + 3 * 10**20 + 3 * 10**13 + 10**6),
    )
    for elapsed_s, factor_ray in table:
        assert compounded_interest_ray(rate_ray, elapsed_s) == factor_ray


def test_a_share_of_a_vault_grows_linearly_from_the_start() -> None:
    model = ShareModel(
        vault="savings", rate_coin_per_share=Decimal("1.04"), growth_frac_per_year=Decimal("0.05")
    )
    for time_ns in (T0 - YEAR_NS, T0):
        assert model.at(time_ns, T0).rate_coin_per_share == Decimal("1.04")
    grown = model.at(T0 + YEAR_NS, T0)
    assert grown.rate_coin_per_share == Decimal("1.092")
    assert grown.vault == "savings"
    assert grown.is_assumed
    assert "1.04 of its asset a share at the start, growing 5.00 % a year" in model.statement()


@pytest.mark.parametrize("rate", ["0", "-1", "NaN"])
def test_a_share_that_is_worth_nothing_is_refused(rate: str) -> None:
    with pytest.raises((ValueError, InvalidOperation)):
        ShareModel(vault="savings", rate_coin_per_share=Decimal(rate))
    with pytest.raises(ValueError, match="share model savings: update_ns"):
        ShareModel(vault="savings", rate_coin_per_share=Decimal(1), update_ns=0)
