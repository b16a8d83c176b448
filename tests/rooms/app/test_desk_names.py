"""Names a desk file may not give: those in use, and a venue that is not the rulebook's."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.app.desk import load_desk
from hedgerow.app.rulebooks import packaged_rulebooks
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
    # By the name of the venue the account follows it; in February 2026 another is in force.
    told = [each.replace("2021-11-01", "2024-02-29") for each in told]
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


def _unruled(raw: dict[str, Any]) -> dict[str, Any]:
    """Take every rulebook away, and what else would miss one."""
    for account in raw["accounts"]:
        account.pop("rulebook", None)
    raw |= {"hedges": [], "buffers": [], "routes": []}
    raw["limits"] = [{"scope": "desk/*/*", "metric": "margin_use_frac", "soft": 0.5, "hard": 0.8}]
    return raw


def test_a_limit_on_accounts_without_a_rulebook_says_what_is_missing(tmp_path: Path) -> None:
    none = "names only accounts without a rulebook, which have no"
    raw = _unruled(example())
    assert mistakes(tmp_path, raw) == [
        f"limits.[0].scope: 'desk/*/*' {none} margin use; write rulebook = 'deribit' at "
        "deribit-btc, rulebook = 'deribit' at deribit-eth, rulebook = 'binance' at perp, "
        "rulebook = 'aave' at aave-loan"
    ]
    raw["limits"][0] |= {"scope": "desk/wallet/*", "metric": "distance_spot_frac", "hard": 0.1}
    assert mistakes(tmp_path, raw) == [
        f"limits.[0].scope: 'desk/wallet/*' {none} distance; give one to treasury"
    ]
    raw["limits"][0]["scope"] = "desk/kraken/*"
    assert mistakes(tmp_path, raw) == [
        "limits.[0].scope: 'desk/kraken/*' names no node; there are: none"
    ]


def test_one_account_without_a_rulebook_among_others_is_named(tmp_path: Path) -> None:
    """What it is told to write is enough."""
    raw = changed(example(), "limits.2.scope", "desk/aave/aave-loan")
    rulebook = raw["accounts"][3].pop("rulebook")
    raw |= {"buffers": [], "routes": []}
    (told,) = mistakes(tmp_path, raw)
    assert told.endswith("which have no margin use; write rulebook = 'aave' at aave-loan")
    assert rulebook == "aave/2023-06-20"
    desk = load_desk(written(tmp_path, changed(raw, "accounts.3.rulebook", "aave")))
    assert desk.accounts[3].rulebook == "aave"


def test_a_venue_of_the_wrong_shape_hides_nothing(tmp_path: Path) -> None:
    raw = changed(_unruled(example()), "accounts.2.venue", ["binance"])
    told = mistakes(tmp_path, raw)
    assert told[0] == "accounts.[2: perp].venue: must be text in quotes, was ['binance']"
    assert "rulebook = 'deribit' at deribit-btc" in told[1]


@pytest.mark.parametrize(
    ("book", "meant"),
    [("compound", "'compound-usdc' or 'compound-usdt'"), ("derbit", "'deribit'")],
)
def test_a_rulebook_that_is_nearly_named_is_suggested(
    book: str, meant: str, tmp_path: Path
) -> None:
    assert mistakes(tmp_path, changed(example(), "accounts.0.rulebook", book)) == [
        f"accounts.[0: deribit-btc].rulebook: unknown rulebook {book!r}; did you mean {meant}?"
    ]


def test_a_rulebook_that_resembles_none_is_told_what_there_are_once(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, changed(example(), "accounts.0.rulebook", "zzz"))
    assert "there are: aave (2023-06-20, 2023-10-31), binance (" in told
    assert told.endswith("; a name alone is that of the day")
    for name in {each.venue for each in packaged_rulebooks().values()}:
        assert len(re.findall(rf"[ ]{re.escape(name)} \(", told)) == 1
