"""The same payload gives the same bytes; what cannot be written the same way twice is refused."""

from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
import pytest

from hedgerow.errors import JournalRejected
from hedgerow.execution import canonical, rounded
from hedgerow.execution.canonical import DECIMALS, decimals_of
from hedgerow.planning import Order

NAMES = """
    name                   decimals
    equity_usd             2
    usd                    2
    order_usd_max          2
    theta_usd_per_day      2
    price_usd_per_coin     2
    gamma_coin_per_usd     12
    funding_frac_per_8h    10
    vol_frac_per_day       6
    value_frac_usd_or_coin 6
    distance_down_frac     6
    quantity_coin          8
    filled_contracts       8
    latency_ms             3
    xusd                   none
    equity                 none
    time_ns                none
    fills_count            none
    cost_per_usd           none
"""
TABLE = [line.split() for line in NAMES.strip().splitlines()[1:]]


@pytest.mark.parametrize(("name", "decimals"), TABLE)
def test_the_name_says_how_many_decimals(name: str, decimals: str) -> None:
    assert decimals_of(name) == (None if decimals == "none" else int(decimals))


def test_keys_are_sorted_without_spaces_and_exact_numbers_keep_every_digit() -> None:
    payload = {"b_usd": Decimal("1.10"), "a": [1, None, True, "é"], "c_usd": Decimal("1E+3")}
    assert canonical(payload) == '{"a":[1,null,true,"é"],"b_usd":"1.10","c_usd":"1000"}'


def test_the_order_of_insertion_does_not_matter() -> None:
    assert canonical({"a": 1, "b": {"c": 2, "d": 3}}) == canonical({"b": {"d": 3, "c": 2}, "a": 1})


def test_a_set_has_one_order() -> None:
    assert canonical({"names": {"b", "a", "d", "c"}}) == '{"names":["a","b","c","d"]}'


def test_floats_are_rounded_to_the_decimals_of_their_unit() -> None:
    payload = {
        "prices_usd": {"BTC": 77_000.123, "ETH": 0.1 + 0.2},
        "distances_frac": [0.12345678, -1e-9],
        "inner": {"equity_usd": 1.005},
    }
    assert canonical(payload) == (
        '{"distances_frac":[0.123457,0.0],"inner":{"equity_usd":1.0},'
        '"prices_usd":{"BTC":77000.12,"ETH":0.3}}'
    )


def test_noise_below_the_unit_does_not_reach_the_bytes() -> None:
    assert canonical({"x_usd": 0.1 + 0.2}) == canonical({"x_usd": 0.3})


def test_a_records_own_name_wins_over_the_name_above() -> None:
    assert canonical({"all_usd": {"share_frac": 0.123456}}) == '{"all_usd":{"share_frac":0.123456}}'


def test_a_record_becomes_its_fields_and_its_tag() -> None:
    order = Order(
        client_id="c1",
        account_id="perp",
        venue="v",
        instrument_id="BTC-PERP",
        quantity_contracts=Decimal("-0.010"),
        price_limit_usd=Decimal("77000.5"),
        cost_expected_usd=1.23456,
        reason="delta",
    )
    assert canonical({"leg": order}) == (
        '{"leg":{"account_id":"perp","client_id":"c1","cost_expected_usd":1.23,'
        '"instrument_id":"BTC-PERP","price_limit_usd":"77000.5","quantity_contracts":"-0.010",'
        '"reason":"delta","type":"order","venue":"v"}}'
    )


def test_numpy_floats_and_read_only_mappings_are_written_as_their_relations() -> None:
    assert canonical({"a": MappingProxyType({"x_usd": np.float64(1.5)})}) == '{"a":{"x_usd":1.5}}'


@pytest.mark.parametrize(
    ("payload", "seen"),
    [
        ({"a_usd": float("nan")}, "payload.a_usd"),
        ({"a": {"b_usd": [1.0, float("inf")]}}, r"payload.a.b_usd\[1\]"),
        ({"a_usd": Decimal("NaN")}, "payload.a_usd"),
        ({"a_usd": Decimal("-Infinity")}, "payload.a_usd"),
        ({"equity": 1.0}, "payload.equity is the float 1.0"),
        ({"time_ns": 1.0}, "payload.time_ns is the float"),
        ({"rows": [0.5]}, r"payload.rows\[0\] is the float"),
        ({"a": np.int64(3)}, "int64"),
        ({"a": object()}, "object"),
        ({"a": "\ud800"}, "surrogates"),
        ({("a", "b"): 1}, "cannot be journalled"),
    ],
)
def test_what_has_no_canonical_form_is_refused_by_its_path(
    payload: dict[str, Any], seen: str
) -> None:
    with pytest.raises(JournalRejected, match=seen):
        canonical(payload)


def test_minus_zero_is_zero() -> None:
    assert str(rounded(-0.0001, 2)) == "0.0"


def test_every_unit_with_decimals_is_one_of_the_glossary(request: pytest.FixtureRequest) -> None:
    page = (request.config.rootpath / "docs" / "glossary.md").read_text(encoding="utf-8")
    for unit in DECIMALS:
        first = unit.split("_per_")[0].removeprefix("frac_usd_or_")
        assert f"`_{first}`" in page


def test_the_bytes_can_be_read_back() -> None:
    class Amounts(msgspec.Struct):
        paid_usd: Decimal

    assert msgspec.json.decode(canonical({"paid_usd": Decimal("0.10")}), type=Amounts) == Amounts(
        Decimal("0.10")
    )
