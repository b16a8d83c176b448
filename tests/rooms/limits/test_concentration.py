"""Who a desk leans on, in sums by hand; and that nobody is not the same as nobody knows."""

import pytest

from hedgerow.limits import NOBODY, Backing, Given, LimitState, survey
from hedgerow.portfolio import book
from tests.builders import (
    account,
    by_id,
    debt,
    index,
    lending,
    oracle,
    snapshot,
    staking,
    supply,
)
from tests.rooms.limits.worlds import limit

# 10 wstETH at 3,000 lent out and 8,000 USDC owed; 4,000 USDC and 1 ETH (2,500) in a wallet.
LOAN = account(
    "loan",
    venue="aave",
    currency="USD",
    positions={supply("wstETH").instrument_id: 10, debt("USDC").instrument_id: -8_000},
)
WALLET = account("cold", venue="wallet", balances={"USDC": 4_000, "ETH": 1})
BACKING = {
    "USDC": Backing(issuer="circle", bridge="wormhole"),
    "wstETH": Backing(issuer="lido", bridge=NOBODY, oracle="chainlink"),
}


def states(
    scope: str, metric: str = "concentration_usd", backing: dict[str, Backing] | None = None
) -> dict[str, LimitState]:
    given = Given(backing=BACKING if backing is None else backing)
    hard = 1.0 if metric.endswith("_frac") else 1e6
    state = survey(
        book([LOAN, WALLET], by_id(supply("wstETH"), debt("USDC"))),
        snapshot(
            index("ETH", 2_500),
            staking("wstETH", "ETH", "1.2"),
            oracle("wstETH", 3_000),
            oracle("USDC", 1),
            lending("wstETH"),
            lending("USDC"),
        ),
        {},
        [limit(metric, hard / 2, hard, scope, given=given)],
    )
    return {each.node: each for each in state.limits}


def amounts(found: dict[str, LimitState]) -> dict[str, float | None]:
    return {node: each.value_frac_usd_or_coin for node, each in found.items()}


def test_every_kind_by_hand() -> None:
    """In all 30,000 + 4,000 + 2,500 of tokens, and 22,000 + 6,500 of equity."""
    found = {
        **amounts(states("venue/*")),
        **amounts(states("issuer/*")),
        **amounts(states("bridge/*")),
        **amounts(states("oracle/*")),
    }
    assert found == pytest.approx(
        {
            "venue/aave": 22_000,
            "venue/wallet": 6_500,
            "issuer/circle": 4_000,
            "issuer/lido": 30_000,
            "bridge/wormhole": 4_000,
            "oracle/chainlink": 30_000,
        }
    )


def test_shares_are_of_all_of_the_same_sort() -> None:
    shares = {
        **amounts(states("venue/*", "concentration_frac")),
        **amounts(states("issuer/*", "concentration_frac")),
    }
    assert shares == pytest.approx(
        {
            "venue/aave": 22_000 / 28_500,
            "venue/wallet": 6_500 / 28_500,
            "issuer/circle": 4_000 / 36_500,
            "issuer/lido": 30_000 / 36_500,
        }
    )


def test_a_token_nobody_speaks_for_makes_its_kind_unknown() -> None:
    found = states("issuer/*", backing={"USDC": Backing(issuer="circle")})
    assert {node: each.rung for node, each in found.items()} == {
        "issuer/circle": "unknown",  # it may be behind the other too
        "issuer/unknown": "unknown",
    }
    assert "wstETH" in found["issuer/unknown"].message
    assert [each.rung for each in states("oracle/*", backing={}).values()] == ["unknown"]
    assert amounts(states("venue/*", backing={})) == pytest.approx(
        {"venue/aave": 22_000, "venue/wallet": 6_500}
    )


def test_a_coin_of_its_own_has_no_issuer_unless_one_is_named() -> None:
    named = {**BACKING, "ETH": Backing(issuer="somebody")}
    assert amounts(states("issuer/somebody", backing=named)) == pytest.approx(
        {"issuer/somebody": 2_500}
    )
    nobody = {**BACKING, "USDC": Backing(issuer=NOBODY)}
    assert set(states("issuer/*", backing=nobody)) == {"issuer/lido"}


def test_a_name_whose_token_has_no_price_is_unknown_and_not_left_out() -> None:
    """What a wstETH is worth in ETH was never heard."""
    state = survey(
        book([LOAN, WALLET], by_id(supply("wstETH"), debt("USDC"))),
        snapshot(index("ETH", 2_500), oracle("USDC", 1), lending("wstETH"), lending("USDC")),
        {},
        [
            limit("concentration_usd", 1, 2, scope, given=Given(backing=BACKING))
            for scope in ("issuer/lido", "oracle/chainlink")
        ],
    )
    assert {each.node: each.rung for each in state.limits} == {
        "issuer/lido": "unknown",
        "oracle/chainlink": "unknown",
    }


def test_a_name_that_may_be_behind_what_nobody_speaks_for_is_unknown() -> None:
    """4,000 USDC of nobody knows whom, and a limit on the issuer of a token that is not held."""
    backing = {"EURC": Backing(issuer="circle", bridge=NOBODY)}
    for scope, nodes in (("issuer/circle", {"issuer/circle"}), ("bridge/*", {"bridge/unknown"})):
        found = states(scope, backing=backing)
        assert set(found) == nodes
        assert {each.rung for each in found.values()} == {"unknown"}
