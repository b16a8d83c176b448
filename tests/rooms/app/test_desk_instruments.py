"""What may be listed under [[instruments]], what it becomes, and what is refused."""

from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from hedgerow.app.desk import load_desk
from hedgerow.app.desk_instruments import ENTRY_KINDS, INSTRUMENT_KINDS
from hedgerow.instruments import (
    ConcentratedShare,
    ConstantProductShare,
    EntryContract,
    Instrument,
    PowerPerpetual,
    QuantoFuture,
    QuantoPerpetual,
    VaultShare,
)
from hedgerow.simulation import ShareModel
from hedgerow.units import HOUR_NS, parse_ns
from tests.rooms.app.edit import GONE, changed, example, mistakes, written

POOL = {"underlying": "ETH", "settlement": "USDC"}
QUANTO = {
    "underlying": "ETH",
    "settlement": "BTC",
    "multiplier_coin_per_usd": "0.000001",
    "tick_usd": "0.05",
    "lot_contracts": "1",
}
LISTED: dict[str, dict[str, Any]] = {
    "quanto_perpetual": QUANTO | {"funding_interval": "8h"},
    "quanto_future": QUANTO | {"expiry": "2026-06-26T08:00:00Z"},
    "power_perpetual": {
        "underlying": "ETH",
        "settlement": "ETH",
        "exponent": 2,
        "scale_usd": "10000",
        "funding_period": "17.5d",
    },
    "constant_product": POOL,
    "concentrated": POOL | {"price_lower_usd": "1600", "price_upper_usd": "2500"},
    "vault_share": {"vault": "savings", "asset": "USDC"},
}
ENTRY = {"instrument": "new", "quantity_contracts": 1}


def with_listed(kind: str, **changes: Any) -> dict[str, Any]:
    """The example with one more instrument, called `new`."""
    terms = {"kind": kind, "id": "new"} | LISTED[kind] | changes
    return changed(example(), "instruments.4", {k: v for k, v in terms.items() if v is not GONE})


def test_each_kind_becomes_its_record(tmp_path: Path) -> None:
    quanto: dict[str, Any] = {
        "instrument_id": "new",
        "underlying": "ETH",
        "settlement": "BTC",
        "multiplier_coin_per_usd": Decimal("0.000001"),
        "tick_usd": Decimal("0.05"),
        "lot_contracts": Decimal(1),
    }
    pool: dict[str, Any] = {"instrument_id": "new", "underlying": "ETH", "settlement": "USDC"}
    want: dict[str, Instrument] = {
        "quanto_perpetual": QuantoPerpetual(**quanto, funding_interval_ns=8 * HOUR_NS),
        "quanto_future": QuantoFuture(**quanto, expiry_ns=parse_ns("2026-06-26T08:00:00Z")),
        "power_perpetual": PowerPerpetual(
            instrument_id="new",
            underlying="ETH",
            settlement="ETH",
            exponent_power=2,
            scale_usd=Decimal(10_000),
            funding_period_ns=420 * HOUR_NS,
        ),
        "constant_product": ConstantProductShare(**pool),
        "concentrated": ConcentratedShare(
            **pool, price_lower_usd=Decimal(1600), price_upper_usd=Decimal(2500)
        ),
        "vault_share": VaultShare(instrument_id="new", vault="savings", asset="USDC"),
    }
    assert want.keys() == LISTED.keys()
    for kind, terms in want.items():
        desk = load_desk(written(tmp_path, with_listed(kind)))
        assert desk.instruments["new"] == terms


def test_kinds_are_the_tags_of_the_records() -> None:
    tags = {kind.__struct_config__.tag for kind in get_args(Instrument)}
    assert tags >= INSTRUMENT_KINDS
    entries = {kind.__struct_config__.tag for kind in get_args(EntryContract)}
    assert entries & INSTRUMENT_KINDS == ENTRY_KINDS


@pytest.mark.parametrize("kind", LISTED)
def test_every_key_is_required_and_no_other_is_known(tmp_path: Path, kind: str) -> None:
    place = "instruments.[4: new]"
    for key in LISTED[kind]:
        told = mistakes(tmp_path, with_listed(kind, **{key: GONE}))
        assert told == [f"{place}.{key}: missing"]
    told = mistakes(tmp_path, with_listed(kind, wholly_unlike=1))
    assert told == [f"{place}.wholly_unlike: unknown key"]


@pytest.mark.parametrize(
    ("kind", "key", "bad", "told"),
    [
        ("quanto_perpetual", "multiplier_coin_per_usd", 0, "must be above 0, was 0"),
        ("quanto_perpetual", "funding_interval", "0h", "must be above 0, was 0h"),
        ("power_perpetual", "exponent", 1, "must be at least 2, was 1"),
        ("power_perpetual", "exponent", 5, "must be at most 4, was 5"),
        ("power_perpetual", "scale_usd", -1, "must be above 0, was -1"),
        ("concentrated", "price_lower_usd", 0, "must be above 0, was 0"),
        ("vault_share", "vault", "", "must not be empty, was "),
    ],
)
def test_bad_terms_are_told_with_their_place(
    tmp_path: Path, kind: str, key: str, bad: Any, told: str
) -> None:
    found = mistakes(tmp_path, with_listed(kind, **{key: bad}))
    assert found == [f"instruments.[4: new].{key}: {told}"]


def test_terms_that_cannot_go_together_are_told(tmp_path: Path) -> None:
    told = mistakes(tmp_path, with_listed("quanto_perpetual", settlement="ETH"))
    assert told == ["new: settlement must be another coin than the underlying, was ETH"]
    told = mistakes(tmp_path, with_listed("concentrated", price_upper_usd="1600"))
    assert told == ["new: price_lower_usd 1600 must lie below price_upper_usd 1600"]


@pytest.mark.parametrize("kind", LISTED)
def test_what_is_marked_against_an_entry_needs_one(tmp_path: Path, kind: str) -> None:
    raw = changed(with_listed(kind), "accounts.4.positions", [ENTRY])
    if kind in ENTRY_KINDS:
        place = "accounts.[4: treasury].positions.[0].price_entry_ccy"
        told = mistakes(tmp_path, raw)
        assert told == [f"{place}: missing; a future is marked against its entry price"]
        raw = changed(raw, "accounts.4.positions", [ENTRY | {"price_entry_ccy": 2000}])
    assert load_desk(written(tmp_path, raw)).accounts[4].positions[0].instrument_id == "new"


def test_a_listed_future_must_outlive_the_start(tmp_path: Path) -> None:
    raw = with_listed("quanto_future", expiry="2026-01-28T08:00:00Z")
    raw = changed(raw, "accounts.4.positions", [ENTRY | {"price_entry_ccy": 2000}])
    assert mistakes(tmp_path, raw) == [
        "accounts.[4: treasury].positions.[0].instrument: new expired 2026-01-28T08:00:00Z, not "
        "after the desk's start 2026-01-29T00:00:00Z"
    ]


def test_a_vaults_share_price_can_be_assumed_and_has_an_age(tmp_path: Path) -> None:
    raw = with_listed("vault_share")
    changed(raw, "assumptions.share.savings.rate_coin_per_share", "1.04")
    changed(raw, "assumptions.share.savings.growth_per_year", "0.05")
    changed(raw, "ages.share", "2h")
    changed(raw, "ages.power", "5m")
    desk = load_desk(written(tmp_path, raw))
    assert desk.assumptions.shares == (
        ShareModel(
            vault="savings",
            rate_coin_per_share=Decimal("1.04"),
            growth_frac_per_year=Decimal("0.05"),
        ),
    )
    assert desk.ages.share_ns_max == 2 * HOUR_NS
    assert desk.ages.power_ns_max == HOUR_NS // 12
    changed(raw, "assumptions.share.savings.rate_coin_per_share", "0")
    assert mistakes(tmp_path, raw) == [
        "assumptions.share.savings.rate_coin_per_share: must be above 0, was 0"
    ]
