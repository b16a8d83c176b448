"""Compound III: two collaterals of other factors."""

from decimal import Decimal

from hedgerow.margin.venues.compound_v3 import CompoundCollateral, CompoundRulebook
from tests.rooms.margin.engine_case import ABOUT, LendingCase, lent, owed

D = Decimal

LENT = LendingCase(
    "compound",
    CompoundRulebook(
        name="compound",
        market="c",
        base_asset="USDC",
        base_decimals=6,
        collateral={
            "A": CompoundCollateral(
                borrow_frac=D("0.8"),
                liquidate_frac=D("0.855"),
                liquidation_frac=D("0.95"),
                asset_decimals=18,
            ),
            "B": CompoundCollateral(
                borrow_frac=D("0.7"),
                liquidate_frac=D("0.777"),
                liquidation_frac=D("0.9"),
                asset_decimals=8,
            ),
        },
        **ABOUT,
    ),
    (lent("c", "A"), lent("c", "B", 8)),
    owed("c", "USDC", 6),
)
