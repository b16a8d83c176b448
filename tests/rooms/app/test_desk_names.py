"""Names a desk file may not give, since they are in use."""

from decimal import Decimal
from pathlib import Path

from hedgerow.execution import in_transit
from hedgerow.planning import Transfer
from tests.rooms.app.edit import changed, example, mistakes


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
