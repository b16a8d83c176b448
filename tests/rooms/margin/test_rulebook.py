"""Rulebooks are read whole or refused, and the message says which file and what."""

import pytest

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import RulebookRejected
from hedgerow.margin import decode_rulebook
from tests.builders import packaged


@pytest.mark.parametrize("name", packaged_rulebooks())
def test_packaged_rulebooks_say_where_they_come_from(name: str) -> None:
    rulebook = decode_rulebook(packaged(name), where=name)
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
