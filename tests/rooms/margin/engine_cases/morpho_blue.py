"""Morpho Blue: one asset lent against another, with and without pre-liquidation."""

from decimal import Decimal

import msgspec

from hedgerow.margin.venues.morpho_blue import MorphoPreLiquidation, MorphoRulebook
from tests.rooms.margin.engine_case import ABOUT, LendingCase, lent, owed

D = Decimal
_RULES = MorphoRulebook(
    name="morpho",
    market="m",
    loan_asset="USDC",
    loan_decimals=6,
    collateral_asset="A",
    collateral_decimals=18,
    lltv_frac=D("0.86"),
    **ABOUT,
)
_EARLY = MorphoPreLiquidation(
    lltv_frac=D("0.8"),
    close_min_frac=D("0.2"),
    close_max_frac=D("0.8"),
    incentive_min_frac=D("1.01"),
    incentive_max_frac=D("1.05"),
)

LENT = LendingCase("morpho", _RULES, (lent("m", "A"),), owed("m", "USDC", 6), 6, by_shares=True)
LENT_EARLY = LendingCase(
    "morpho opted in",
    msgspec.structs.replace(_RULES, pre_liquidation=_EARLY),
    (lent("m", "A"),),
    owed("m", "USDC", 6),
    6,
    by_shares=True,
)
