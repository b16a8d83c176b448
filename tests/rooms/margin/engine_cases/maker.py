"""Maker: one collateral; what is owed is a dollar by rule."""

from decimal import Decimal

from hedgerow.margin.venues.maker import MakerRulebook
from tests.rooms.margin.engine_case import ABOUT, LendingCase, lent, owed

D = Decimal

LENT = LendingCase(
    "maker",
    MakerRulebook(
        name="maker",
        market="k",
        collateral_asset="A",
        liquidation_ratio_frac=D("1.45"),
        penalty_frac=D("0.13"),
        dust_coin=D(100),
        hole_coin=D(10**6),
        **ABOUT,
    ),
    (lent("k", "A"),),
    owed("k", "DAI", 18),
    unit_ccy=D("1e-18"),
    at_par=True,
    rounds_equity=True,
)
