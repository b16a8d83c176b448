"""Terms that cannot be are refused, in words."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.instruments import (
    ConcentratedShare,
    ConstantProductShare,
    Instrument,
    LoanSupply,
    Option,
    Spot,
    StakedCoin,
    VaultShare,
    expiry_of,
    has_entry,
    is_asset_holding,
    is_inverse,
    settlement_of,
    slope_ccy_per_usd,
    underlying_of,
)
from tests.builders import (
    EXPIRY_NS,
    debt,
    inverse,
    inverse_future,
    linear_future,
    option,
    perpetual,
    power,
    quanto,
    quanto_future,
    supply,
)

DATED = 1_230_940_800_000_000_000

BAD: list[tuple[Instrument, str, Any]] = [
    (terms, field, bad)
    for terms, fields in (
        (perpetual(), ("multiplier_coin_per_contract", "tick_usd", "lot_contracts")),
        (inverse(), ("multiplier_usd_per_contract", "tick_usd", "lot_contracts")),
        (
            linear_future("F", EXPIRY_NS),
            ("multiplier_coin_per_contract", "tick_usd", "lot_contracts"),
        ),
        (
            inverse_future("F", EXPIRY_NS),
            ("multiplier_usd_per_contract", "tick_usd", "lot_contracts"),
        ),
        (quanto(), ("multiplier_coin_per_usd", "tick_usd", "lot_contracts")),
        (
            quanto_future("F", EXPIRY_NS),
            ("multiplier_coin_per_usd", "tick_usd", "lot_contracts"),
        ),
        (power(), ("scale_usd",)),
        (
            option(100, "put"),
            ("strike_usd", "multiplier_coin_per_contract", "tick_ccy", "lot_contracts"),
        ),
    )
    for field in fields
    for bad in map(Decimal, ("0", "-1", "NaN", "Infinity"))
]
BAD += [
    (terms, "funding_interval_ns", bad)
    for terms in (perpetual(), inverse(), quanto())
    for bad in (0, -1)
]
BAD += [(power(), "funding_period_ns", bad) for bad in (0, -1)]
BAD += [(power(), "exponent_power", bad) for bad in (1, 5)]
BAD += [(terms, "settlement", "ETH") for terms in (quanto(), quanto_future("F", EXPIRY_NS))]
BAD += [(terms, "asset_decimals", bad) for terms in (supply("X"), debt("X")) for bad in (0, -1)]
BAD += [
    (terms, "expiry_ns", DATED - 1)
    for terms in (
        linear_future("F", DATED),
        inverse_future("F", DATED),
        quanto_future("F", DATED),
        option(1, "call"),
    )
]
BAD += [(option(1, "call"), "averaging_ns", -1)]


@pytest.mark.parametrize(
    ("terms", "field", "bad"), BAD, ids=lambda part: getattr(type(part), "__name__", str(part))
)
def test_impossible_terms_are_refused(terms: Instrument, field: str, bad: Any) -> None:
    fields = {name: getattr(terms, name) for name in terms.__struct_fields__} | {field: bad}
    with pytest.raises(ValueError, match=f"^{terms.instrument_id}: {field} must .*was"):
        type(terms)(**fields)


@pytest.mark.parametrize(("lower", "upper"), [("2", "1"), ("1", "1"), ("0", "1"), ("NaN", "1")])
def test_a_pool_range_rises(lower: str, upper: str) -> None:
    with pytest.raises(ValueError, match="price_lower_usd"):
        ConcentratedShare(
            instrument_id="pool",
            underlying="ETH",
            settlement="USDC",
            price_lower_usd=Decimal(lower),
            price_upper_usd=Decimal(upper),
        )


def test_refused_when_decoded_too_with_the_place() -> None:
    good = msgspec.json.encode(option(100, "put"))
    assert msgspec.json.decode(good, type=Option) == option(100, "put")
    with pytest.raises(msgspec.ValidationError, match="strike_usd must be positive"):
        msgspec.json.decode(good.replace(b'"strike_usd":"100"', b'"strike_usd":"-1"'), type=Option)
    with pytest.raises(msgspec.ValidationError, match="strike_usd must be positive"):
        msgspec.json.decode(good.replace(b'"strike_usd":"100"', b'"strike_usd":"nan"'), type=Option)


def test_which_coin_moves_it_and_in_what_it_is_paid() -> None:
    staked = StakedCoin(instrument_id="w", asset="wstETH", base="ETH")
    vault = VaultShare(instrument_id="v", vault="yield", asset="USDC")
    named: list[tuple[Instrument, str, str, int | None]] = [
        (Spot(instrument_id="s", asset="BTC"), "BTC", "BTC", None),
        (perpetual(), "BTC", "USDC", None),
        (inverse(), "BTC", "BTC", None),
        (linear_future("F", EXPIRY_NS), "BTC", "USDC", EXPIRY_NS),
        (inverse_future("F", EXPIRY_NS), "BTC", "BTC", EXPIRY_NS),
        (option(1, "call"), "BTC", "BTC", EXPIRY_NS),
        (option(1, "call", settlement="USDC"), "BTC", "USDC", EXPIRY_NS),
        (supply("wstETH"), "wstETH", "wstETH", None),
        (debt("USDC"), "USDC", "USDC", None),
        (staked, "wstETH", "wstETH", None),
        (vault, "USDC", "USDC", None),
        (quanto(), "ETH", "BTC", None),
        (quanto_future("F", EXPIRY_NS), "ETH", "BTC", EXPIRY_NS),
        (power("USDC"), "ETH", "USDC", None),
    ]
    for terms, underlying, settlement, expiry_ns in named:
        assert underlying_of(terms) == underlying
        assert settlement_of(terms) == settlement
        assert expiry_of(terms) == expiry_ns
    assert option(1, "call").is_coin_settled
    assert not option(1, "call", settlement="USDC").is_coin_settled


def test_records_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        supply("X").asset = "Y"  # type: ignore[misc]
    assert isinstance(supply("X"), LoanSupply)


def test_every_kind_answers_every_question() -> None:
    pool = ConstantProductShare(instrument_id="pool", underlying="ETH", settlement="USDC")
    vault = VaultShare(instrument_id="v", vault="yield", asset="USDC")
    staked = StakedCoin(instrument_id="w", asset="wstETH", base="ETH")
    # terms, has an entry, is inverse, is an amount of an asset
    kinds: list[tuple[Instrument, bool, bool, bool]] = [
        (Spot(instrument_id="s", asset="BTC"), False, False, True),
        (perpetual(), True, False, False),
        (inverse(), True, True, False),
        (linear_future("F", EXPIRY_NS), True, False, False),
        (inverse_future("F", EXPIRY_NS), True, True, False),
        (quanto(), True, False, False),
        (quanto_future("F", EXPIRY_NS), True, False, False),
        (power(), False, False, False),
        (option(1, "call"), False, False, False),
        (supply("X"), False, False, True),
        (debt("X"), False, False, True),
        (pool, False, False, False),
        (staked, False, False, True),
        (vault, False, False, True),
    ]
    for terms, entry, inverse_, asset in kinds:
        assert has_entry(terms) == entry, terms
        assert is_asset_holding(terms) == asset, terms
        if has_entry(terms):
            assert is_inverse(terms) == inverse_, terms
    assert not has_entry(None)


def test_the_slope_of_what_is_not_inverse() -> None:
    assert slope_ccy_per_usd(perpetual(multiplier_coin_per_contract=Decimal("0.01"))) == Decimal(
        "0.01"
    )
    assert slope_ccy_per_usd(quanto()) == Decimal("0.000001")
    with pytest.raises(AssertionError, match="is inverse"):
        slope_ccy_per_usd(inverse())
