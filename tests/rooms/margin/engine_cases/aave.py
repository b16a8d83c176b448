"""Aave: one supply and one debt of any size, and with a category joined."""

from decimal import Decimal

import msgspec
from hypothesis import strategies as st

from hedgerow.margin import LendingCategory, LendingReserve, LendingRulebook
from hedgerow.portfolio import Account
from tests.builders import account, by_id, debt, lending, lending_rulebook, oracle, snapshot, supply
from tests.rooms.margin.engine_case import EngineCase, LendingCase, lent, owed

D = Decimal
_LENT = {"WETH": 2_000, "USDC": 1}
_JOINED = LendingCategory(
    ltv_bps=9000, liquidation_threshold_bps=9300, liquidation_bonus_bps=10_100, members=["A"]
)
_TWO = (lent("aave", "A"), lent("aave", "B", 8))


def _lending(draw: st.DrawFn) -> Account:
    much = st.integers(1, 10**9)  # totals beyond 28 digits are refused
    held = {"supply:WETH": draw(much), "debt:USDC": -draw(st.integers(1, 10**12))}
    return account(currency="USD", positions=held)


def _rules(category: LendingCategory | None) -> LendingRulebook:
    reserves = {
        "A": LendingReserve(
            liquidation_threshold_bps=8300,
            liquidation_bonus_bps=10_500,
            asset_decimals=18,
            ltv_bps=8000,
        ),
        "B": LendingReserve(
            liquidation_threshold_bps=7777,
            liquidation_bonus_bps=10_750,
            asset_decimals=8,
            ltv_bps=7000,
        ),
        "USDC": LendingReserve(
            liquidation_threshold_bps=8500,
            liquidation_bonus_bps=10_450,
            asset_decimals=6,
            ltv_bps=8000,
        ),
    }
    return msgspec.structs.replace(lending_rulebook(), reserves=reserves, e_mode=category)


CASE = EngineCase(
    name="aave",
    rulebook=lending_rulebook(WETH=8250, USDC=8500),
    build_account=_lending,
    instruments=by_id(supply("WETH"), debt("USDC")),
    snapshot=snapshot(
        *(oracle(asset, price) for asset, price in _LENT.items()),
        *(lending(asset) for asset in _LENT),
    ),
    slack_ccy=D("1e-4"),
)

LENT = LendingCase("aave", _rules(None), _TWO, owed("aave", "USDC", 6))
LENT_JOINED = LendingCase("aave e-mode", _rules(_JOINED), _TWO, owed("aave", "USDC", 6))
