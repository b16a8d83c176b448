"""What a desk file lets a lending account do: join a category, swap collateral."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.agents import JointAgent
from hedgerow.app.agent_of import agent_of
from hedgerow.app.desk import load_desk
from hedgerow.app.feed import open_market
from hedgerow.planning import ModeSwitch, SwapWay
from tests.builders import packaged
from tests.rooms.app.edit import changed, example, mistakes, written

SWITCH = {"account": "aave-loan", "rulebook": "aave-eth/2023-06-20", "gas_usd": "4"}
CATEGORY = """
[e_mode]
ltv_bps = 9000
liquidation_threshold_bps = 9300
liquidation_bonus_bps = 10100
members = ["wstETH"]
borrowable = ["USDC"]
"""


def desk(folder: Path, **more: Any) -> dict[str, Any]:
    books = folder / "books" / "aave-eth"
    books.mkdir(parents=True)
    plain = packaged("aave/2023-06-20").decode()
    joined = plain.replace('name = "aave/', 'name = "aave-eth/')
    joined = joined.replace('venue = "aave"', 'venue = "aave-eth"')
    (books / "2023-06-20.toml").write_text(joined + CATEGORY, encoding="utf-8")
    raw = changed(example(), "desk.rulebooks", "books")
    return changed(raw, "switches", [SWITCH | more])


def test_a_desk_says_which_categories_an_account_may_join(tmp_path: Path) -> None:
    raw = changed(desk(tmp_path), "planning", {"agent": "joint"})
    loaded = load_desk(written(tmp_path, raw))
    wanted = (ModeSwitch(account_id="aave-loan", rulebook="aave-eth/2023-06-20", gas_usd=4.0),)
    assert loaded.switches == wanted
    agent = agent_of(loaded, open_market(None, None, 7)[1])
    assert isinstance(agent, JointAgent)
    assert agent.switches == wanted


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"account": "bank"}, "switches.[0].account: no account 'bank'; "),
        ({"account": "treasury"}, "switches.[0].account: treasury has no rulebook"),
        (
            {"rulebook": "aave-eth/1"},
            "switches.[0].rulebook: unknown rulebook 'aave-eth/1'; one with that category's "
            "[e_mode] is written at aave-eth/1.toml in the folder that desk.rulebooks names",
        ),
        (
            {"rulebook": "deribit/2026-02-15"},
            "switches.[0].rulebook: deribit/2026-02-15 is of another market than "
            "aave/2023-06-20 of the account",
        ),
        ({"gas_usd": "-1"}, "switches.[0].gas_usd: must be at least 0, was -1"),
    ],
)
def test_what_cannot_be_joined_is_told(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    (told,) = mistakes(tmp_path, desk(tmp_path, **more))
    assert told.startswith(said)


SWAP = {"account": "aave-loan", "give": "wstETH", "take": "USDC", "fee": "0.003", "step_coin": "1"}
SUPPLY = {
    "kind": "loan_supply", "id": "dollars", "market": "aave", "asset": "USDC", "asset_decimals": 6,
}  # fmt: skip


def taking() -> dict[str, Any]:
    raw = example()
    return changed(raw, "instruments", [*raw["instruments"], SUPPLY])


def test_a_desk_says_which_collateral_may_be_given_for_which(tmp_path: Path) -> None:
    raw = changed(taking(), "planning", {"agent": "joint"})
    loaded = load_desk(
        written(tmp_path, changed(raw, "swaps", [SWAP | {"gas_usd": "4", "give_coin_max": "50"}]))
    )
    wanted = SwapWay(
        account_id="aave-loan",
        asset="wstETH",
        asset_take="USDC",
        fee_frac=Decimal("0.003"),
        half_spread_frac=Decimal(0),
        step_coin=Decimal(1),
        gas_usd=4.0,
        quantity_coin_max=Decimal(50),
    )
    assert loaded.swaps == (wanted,)
    agent = agent_of(loaded, open_market(None, None, 7)[1])
    assert isinstance(agent, JointAgent)
    assert agent.swaps == (wanted,)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"account": "bank"}, "swaps.[0].account: no account 'bank'; "),
        ({"account": "treasury"}, "swaps.[0].account: treasury is no account of a lending market"),
        ({"account": "perp"}, "swaps.[0].account: perp is no account of a lending market"),
        ({"fee": "1"}, "swaps.[0].fee: must be below 1, was 1"),
        ({"step_coin": "0"}, "swaps.[0].step_coin: must be above 0, was 0"),
        (
            {"take": "wstETH"},
            "swaps.[0].take: must be another collateral than is given, was wstETH",
        ),
        (
            {"give": "wstETh"},
            "swaps.[0].give: no loan_supply of 'wstETh' under [[instruments]]; did you mean "
            "'wstETH'?; there are: wstETH, USDC",
        ),
        ({"take": "DAI"}, "swaps.[0].take: no loan_supply of 'DAI' under [[instruments]]; there"),
    ],
)
def test_what_cannot_be_swapped_is_told(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    (told,) = mistakes(tmp_path, changed(taking(), "swaps", [SWAP | more]))
    assert told.startswith(said)


def test_what_is_only_owed_is_no_collateral_to_take(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, changed(example(), "swaps", [SWAP]))
    assert told.startswith("swaps.[0].take: no loan_supply of 'USDC' under [[instruments]]; there")
