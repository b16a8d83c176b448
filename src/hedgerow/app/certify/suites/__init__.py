"""Which function computes which kind of case: the one place where vector files meet our engines.

One kind's name means other inputs in another suite, so a computation is found by both. It takes the
inputs of one case (`Given`) and gives a table of outputs, or the one number that is asked for.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites import (
    aave_v3,
    amm_lp_exposure,
    compound_v3,
    derive,
    drift_v2,
    dydx_v4,
    gmx_v2,
    hyperliquid,
    maker_liquidations,
    morpho_blue,
    uniswap_v3,
    venue_binance,
    venue_bybit,
    venue_cme,
    venue_deribit,
    venue_okx,
    venue_paradex,
)

__all__ = ["COMPUTATIONS", "Compute"]

Compute: TypeAlias = Callable[[Given], object]

_SUITES: Final[Mapping[str, Mapping[str, Compute]]] = {
    "aave_v3": aave_v3.KINDS,
    "amm_lp_exposure": amm_lp_exposure.KINDS,
    "compound_v3": compound_v3.KINDS,
    "derive_auction": derive.AUCTION,
    "derive_building_blocks": derive.BUILDING_BLOCKS,
    "derive_pmrm_v1": derive.PMRM_V1,
    "derive_pmrm_v2": derive.PMRM_V2,
    "derive_srm": derive.STANDARD,
    "drift_v2": drift_v2.KINDS,
    "dydx_v4": dydx_v4.KINDS,
    "gmx_v2": gmx_v2.KINDS,
    "hyperliquid": hyperliquid.KINDS,
    "maker_liquidations": maker_liquidations.KINDS,
    "morpho_blue": morpho_blue.KINDS,
    "uniswap_v3": uniswap_v3.KINDS,
    "venue_binance": venue_binance.KINDS,
    "venue_bybit": venue_bybit.KINDS,
    "venue_cme": venue_cme.KINDS,
    "venue_deribit": venue_deribit.KINDS,
    "venue_hyperliquid": hyperliquid.VENUE_KINDS,
    "venue_okx": venue_okx.KINDS,
    "venue_paradex": venue_paradex.KINDS,
}

COMPUTATIONS: Final[Mapping[tuple[str, str], Compute]] = {
    (suite, kind): compute for suite, kinds in _SUITES.items() for kind, compute in kinds.items()
}
