"""What the name of a node says, and how it is written again."""

import pytest

from hedgerow.exposure import Place


@pytest.mark.parametrize(
    ("node", "place"),
    [
        ("desk", Place()),
        ("desk/deribit", Place("deribit")),
        ("desk/deribit/main", Place("deribit", "main")),
        ("desk/deribit/main/BTC", Place("deribit", "main", "BTC")),
        ("desk/deribit/main/BTC/no expiry", Place("deribit", "main", "BTC", "no expiry")),
        ("coin/BTC", Place(coin="BTC")),
    ],
)
def test_a_node_is_taken_apart_and_written_again(node: str, place: Place) -> None:
    assert Place.of(node) == place
    assert place.node == node
    assert place.is_account == (node == "desk/deribit/main")


@pytest.mark.parametrize(
    "node",
    ["venue/deribit", "issuer/circle", "oracle", "coin", "coin/BTC/USD", "desk/a/b/c/d/e", ""],
)
def test_a_name_that_is_neither_of_the_tree_nor_a_coin_is_no_place(node: str) -> None:
    assert Place.of(node) is None
