"""A figure that cannot be is named: a part above the whole, a base of nothing, another's name."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.margin import rulebook_mistakes
from hedgerow.margin.rulebook import ANY_KIND, mistakes_of
from tests.builders import packaged

SCAN = "deribit/2026-02-15"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'maintenance_factor_frac = "0.8"', b'maintenance_factor_frac = "0"',
         "maintenance_factor_frac must be in (0, 1], was 0"),
        (b'maintenance_factor_frac = "0.8"', b'maintenance_factor_frac = "80"',
         "maintenance_factor_frac must be in (0, 1], was 80"),
        (b'BTC = "0.16"', b'BTC = "16"', "price_range_frac.BTC must be in (0, 1), was 16"),
        (b'BTC = "0.16"', b'BTC = "0"', "price_range_frac.BTC must be in (0, 1), was 0"),
        (b'BTC = "0.25"', b'BTC = "25"', "volatility_down_frac.BTC must be in [0, 1], was 25"),
        (b'"-0.33"', b'"-0.17"',
         "extended_moves_frac.[1] must lie beyond price_range_frac, 0.18, was -0.17"),
        (b'fee_taker_frac = "0.0003"', b'fee_taker_frac = "3"',
         "fee_taker_frac must be in [0, 1), was 3"),
        (b'venue = "deribit"', b'venue = "deribitt"',
         "name must begin with deribitt/, its venue, was deribit/2026-02-15"),
    ],
)  # fmt: skip
def test_a_slip_in_a_scan_is_named(old: bytes, new: bytes, told: str) -> None:
    raw = packaged(SCAN)
    assert old in raw
    assert rulebook_mistakes(raw.replace(old, new, 1)) == (told,)


# What may well be more than one, or has no bound by nature: leverage, moves, scales, annual vols.
FREE = {
    "leverage_frac_max", "extended_moves_frac", "extended_table_factor_frac", "volatility_up_frac",
    "min_volatility_for_shock_up_frac", "vol_up_frac", "vol_up_least_frac", "move_frac",
    "spot_frac", "initial_factor_frac", "depeg_factor_frac", "peg_factor_frac",
    "unpaired_initial_frac", "put_initial_of_maintenance_frac", "basis_up_frac", "basis_add_frac",
    "basis_multiplier_frac", "short_rate_multiplier_frac", "long_rate_multiplier_frac",
    "short_rate_add_frac", "long_rate_add_frac", "long_discount_frac", "short_discount_frac",
    "confidence_factor_frac", "linear_cap_frac", "linear_cap_per_root_year_frac", "abs_cap_frac",
    "abs_cap_per_root_year_frac", "skew_width_frac", "skew_static_frac", "skew_scale_frac",
    "initial_of_maintenance_frac", "multiplier_frac",
    # A ratio above one (112 for a vault that is wound down), and parts per million.
    "liquidation_ratio_frac", "maintenance_fraction_ppm",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(packaged_rulebooks()))
def test_every_packaged_rulebook_is_fine_and_a_part_of_eighty_is_not(name: str) -> None:
    table = msgspec.toml.decode(packaged(name))
    assert list(mistakes_of(msgspec.convert(table, ANY_KIND))) == []
    for path in _paths_of_parts(table, ()):
        *above, last = path
        inner = table
        for key in above:
            inner = inner[key]
        kept, inner[last] = inner[last], "80"
        assert list(mistakes_of(msgspec.convert(table, ANY_KIND))), path
        inner[last] = kept


def _paths_of_parts(inner: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(inner, dict | list):
        for key in inner if isinstance(inner, dict) else range(len(inner)):
            if key not in FREE:
                yield from _paths_of_parts(inner[key], (*path, key))
    elif any("_frac" in key for key in path if isinstance(key, str)):
        yield path


def test_a_reserve_whose_bonus_no_debt_at_the_threshold_can_pay_is_named() -> None:
    """98 % times 120 %, the case of the protocol's own tests of its configurator."""
    raw = (
        packaged("aave/2023-06-20")
        .replace(b"liquidation_threshold_bps = 8300", b"liquidation_threshold_bps = 9800")
        .replace(b"liquidation_bonus_bps = 10750", b"liquidation_bonus_bps = 12000")
        .replace(b"close_factor_bps = 5000", b"close_factor_bps = 50000")
    )
    assert rulebook_mistakes(raw) == (
        "close_factor_bps must be in (0, 10000], was 50000",
        "reserves.wstETH: liquidation_threshold_bps x liquidation_bonus_bps must not be above "
        "10000 x 10000",
    )


def test_rates_of_none_and_leverage_below_one_are_named() -> None:
    tier = packaged("binance/2021-11-01").replace(
        b'rate_maintenance_frac = "0.004"', b'rate_maintenance_frac = "0"', 1
    )
    assert rulebook_mistakes(tier) == (
        "tiers.BTC.[0].rate_maintenance_frac must be in (0, 1], was 0",
    )
    leverage = packaged("hyperliquid/2026-08-22").replace(
        b'leverage_frac_max = "20"', b'leverage_frac_max = "0.5"', 1
    )
    assert rulebook_mistakes(leverage) == (
        "tiers.BTC.[1].leverage_frac_max must be at least 1, was 0.5",
    )


def test_a_table_that_ends_before_its_last_tier_is_named() -> None:
    raw = packaged("okx-multi/2026-11-20").replace(
        b'amount_coin_max = "20"', b'amount_coin_max = "0"'
    ).replace(b'notional_ccy_max = "0.0038976387"', b'notional_ccy_max = "0"')  # fmt: skip
    assert rulebook_mistakes(raw) == (
        "brackets.ETH/ETH notional_ccy_max must be above its last floor, was 0",
        "discounts.BTC amount_coin_max must be above its last floor, was 0",
    )
