"""Rulebooks are read whole or refused, and the message says which file and what."""

import pytest

from hedgerow.errors import RulebookRejected
from hedgerow.margin import LendingRulebook, ScanRulebook, TieredRulebook, decode_rulebook
from hedgerow.margin.venues.bybit import UnifiedRulebook
from hedgerow.margin.venues.compound_v3 import CompoundRulebook
from hedgerow.margin.venues.dydx import DydxRulebook
from hedgerow.margin.venues.gmx import GmxRulebook
from hedgerow.margin.venues.hyperliquid import HyperliquidRulebook
from hedgerow.margin.venues.hyperliquid_portfolio import HyperliquidPortfolioRulebook
from hedgerow.margin.venues.maker import MakerRulebook
from hedgerow.margin.venues.morpho_blue import MorphoRulebook
from hedgerow.margin.venues.okx import ClosingFeeRulebook
from hedgerow.margin.venues.okx_multi import MultiCurrencyRulebook
from hedgerow.margin.venues.okx_portfolio import OkxPortfolioRulebook
from tests.builders import packaged

NAMES: dict[str, type] = {
    "aave/2023-06-20": LendingRulebook,
    "aave/2023-10-31": LendingRulebook,
    "binance/2021-11-01": TieredRulebook,
    "binance/2024-02-29": TieredRulebook,
    "binance/2026-09-29": TieredRulebook,
    "binance-usdt/2021-03-18": TieredRulebook,
    "binance-usdt/2024-02-29": TieredRulebook,
    "binance-usdt/2026-09-29": TieredRulebook,
    "bybit/2026-11-20": UnifiedRulebook,
    "compound-usdc/2022-08-13": CompoundRulebook,
    "compound-usdt/2024-07-08": CompoundRulebook,
    "deribit/2024-06-17": ScanRulebook,
    "deribit/2026-02-15": ScanRulebook,
    "dydx/2024-01-22": DydxRulebook,
    "dydx/2024-06-06": DydxRulebook,
    "gate/2024-01-19": ClosingFeeRulebook,
    "gmx/2024-08-01": GmxRulebook,
    "hyperliquid/2026-08-22": HyperliquidRulebook,
    "hyperliquid-portfolio/2026-08-22": HyperliquidPortfolioRulebook,
    "maker-eth-a/2022-11-09": MakerRulebook,
    "maker-eth-a/2026-08-13": MakerRulebook,
    "maker-wsteth-a/2026-08-13": MakerRulebook,
    "morpho-wsteth-usdc/2024-09-03": MorphoRulebook,
    "okx/2021-04-30": ClosingFeeRulebook,
    "okx-multi/2026-11-20": MultiCurrencyRulebook,
    "okx-portfolio/2025-01-15": OkxPortfolioRulebook,
}


@pytest.mark.parametrize("name", NAMES)
def test_packaged_rulebooks_say_where_they_come_from(name: str) -> None:
    rulebook = decode_rulebook(packaged(name), where=name)
    assert type(rulebook) is NAMES[name]
    assert rulebook.name == name
    assert name.endswith(rulebook.as_of)
    assert rulebook.source
    assert rulebook.confidence_note


SCAN, TIERED, LENDING = "deribit/2026-02-15", "binance/2021-11-01", "aave/2023-06-20"
MISTAKES = {
    "Object contains unknown field `feee_taker_frac`": (
        TIERED,
        b"fee_taker_frac",
        b"feee_taker_frac",
    ),
    "Object missing required field `as_of`": (SCAN, b'as_of = "2026-02-15"', b""),
    "Invalid value 'scann'": (SCAN, b'type = "scan"', b'type = "scann"'),
    "Invalid enum value 'certain'": (SCAN, b'confidence = "exact"', b'confidence = "certain"'),
    "tiers.BTC must start at 0 and rise": (TIERED, b'floor_usd = "50000"', b'floor_usd = "300000"'),
    "tiers.BTC must start at 0 and rise, floors were": (
        TIERED,
        b'floor_usd = "0"',
        b'floor_usd = "1"',
    ),
    "tiers.BTC maintenance rates must rise": (
        TIERED,
        b'rate_maintenance_frac = "0.005"',
        b'rate_maintenance_frac = "0.05"',
    ),
    "tiers.BTC initial rates must rise": (
        TIERED,
        b'rate_initial_frac = "0.010"',
        b'rate_initial_frac = "0.5"',
    ),
    "tiers.BTC initial rate 0.003 is below maintenance, 0.004": (
        TIERED,
        b'rate_initial_frac = "0.008"',
        b'rate_initial_frac = "0.003"',
    ),
    r"tiers.BTC.\[0\].rate_maintenance_frac must be finite and not negative, was -0.004": (
        TIERED,
        b'rate_maintenance_frac = "0.004"',
        b'rate_maintenance_frac = "-0.004"',
    ),
    r"tiers.BTC.\[1\].floor_usd must be finite and not negative, was NaN": (
        TIERED,
        b'floor_usd = "50000"',
        b'floor_usd = "nan"',
    ),
    "fee_taker_frac must be finite and not negative, was Infinity": (
        SCAN,
        b'fee_taker_frac = "0.0003"',
        b'fee_taker_frac = "Infinity"',
    ),
    "volatility_up_frac names BTC, price_range_frac names BTC, ETH": (
        SCAN,
        b'[volatility_up_frac]\nBTC = "0.50"\nETH = "0.40"',
        b'[volatility_up_frac]\nBTC = "0.50"',
    ),
    "buckets_count must be positive, was 0": (SCAN, b"buckets_count = 4", b"buckets_count = 0"),
    "reserves.USDC.liquidation_threshold_bps must be finite and not negative, was -1": (
        LENDING,
        b"liquidation_threshold_bps = 8500",
        b"liquidation_threshold_bps = -1",
    ),
    r"extended_moves_frac.\[0\] must be above -1 and not 0, was -1": (SCAN, b'"-0.66"', b'"-1"'),
    "not valid TOML|Invalid|Expected": (LENDING, b"as_of = ", b"as_of == "),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_is_named(message: str) -> None:
    name, old, new = MISTAKES[message]
    raw = packaged(name)
    assert old in raw
    with pytest.raises(RulebookRejected, match=f"^rules.toml: .*({message})"):
        decode_rulebook(raw.replace(old, new), where="rules.toml")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'name = "\xff"', "can't decode byte 0xff"),
        (b"as_of = " + b"9" * 5_000, "5000 digits|4300"),
        (b"tiers = " + b"[" * 5_000, "nested too deeply"),
        (b"\x00", "not valid TOML|Invalid|Expected"),
    ],
    ids=["no text", "an endless integer", "deep nests", "nothing"],
)
def test_bytes_that_are_no_toml_are_refused_in_words(raw: bytes, said: str) -> None:
    with pytest.raises(RulebookRejected, match=f"^rules.toml: .*({said})"):
        decode_rulebook(raw, where="rules.toml")
