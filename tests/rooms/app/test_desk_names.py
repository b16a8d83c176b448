"""Names a desk file may not give: those in use, and a venue that is not the rulebook's."""

from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.app.desk import load_desk
from hedgerow.execution import in_transit
from hedgerow.planning import Transfer
from tests.rooms.app.edit import changed, example, mistakes, written


def test_an_account_cannot_be_called_what_is_on_its_way(tmp_path: Path) -> None:
    taken = {"id": "in-transit", "venue": "wallet", "currency": "USDC"}
    assert mistakes(tmp_path, changed(example(), "accounts.5", taken)) == [
        "accounts.[5: in-transit].id: 'in-transit' is kept for what is on its way between accounts"
    ]


def test_the_reserved_names_are_those_in_use() -> None:
    leg = Transfer(
        client_id="x",
        source_account_id="a",
        target_account_id="b",
        asset="BTC",
        quantity_coin=Decimal(1),
        use="balance",
        cost_expected_usd=0.0,
        reason="",
    )
    (account,) = in_transit((leg,), 0)
    assert (account.account_id, account.venue) == ("in-transit", "transit")


def test_an_account_is_at_the_venue_of_its_rulebook(tmp_path: Path) -> None:
    """Mistyped, the account would lie under no limit on its venue."""
    must = "must be binance, that of its rulebook binance/2021-11-01, was binanse"
    told = [f"accounts.[2: perp].venue: {must}"]
    assert mistakes(tmp_path, changed(example(), "accounts.2.venue", "binanse")) == told
    raw = changed(example(), "accounts.2.venue", "binanse")
    # By the name of the venue the account follows it; in 2026 the same rulebook is in force.
    assert mistakes(tmp_path, changed(raw, "accounts.2.rulebook", "binance")) == told


def test_a_mode_of_a_venue_is_at_the_venue(tmp_path: Path) -> None:
    raw = example()
    one = {"id": "one", "currency": "USDC", "rulebook": "hyperliquid-portfolio/2026-08-22"}
    for venue in ("hyperliquid", "hyperliquid-portfolio"):
        raw["accounts"][5:] = [{**one, "venue": venue}]
        assert load_desk(written(tmp_path, raw)).accounts[-1].venue == venue
    raw["accounts"][5:] = [{**one, "venue": "hyper"}]
    (told,) = mistakes(tmp_path, raw)
    assert told.startswith(
        "accounts.[5: one].venue: must be hyperliquid-portfolio or hyperliquid, that of its "
    )


MEANT = [
    ("accounts.2.positions.0.instrument", "BTCUSD-PERP", "'BTCUSDT-PERP'"),
    ("hedges.1.instrument", "ETHUSD-PERP", "'ETHUSDT-PERP'"),
    ("movers.BTC", "BTCUSTD-PERP", "'BTCUSDT-PERP'"),
]


@pytest.mark.parametrize(("where", "name", "meant"), MEANT)
def test_a_mistyped_instrument_is_told_with_the_one_meant(
    tmp_path: Path, where: str, name: str, meant: str
) -> None:
    (told,) = mistakes(tmp_path, changed(example(), where, name))
    assert "under [[instruments]]" in told
    assert told.endswith(f"; did you mean {meant}?")


def test_an_instrument_on_another_coin_is_not_meant(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, changed(example(), "movers.BTC", "SOLUSDT-PERP"))
    assert "did you mean" not in told
