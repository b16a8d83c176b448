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
    maker_liquidations,
    morpho_blue,
    uniswap_v3,
)

__all__ = ["COMPUTATIONS", "Compute"]

Compute: TypeAlias = Callable[[Given], object]

_SUITES: Final[Mapping[str, Mapping[str, Compute]]] = {
    "aave_v3": aave_v3.KINDS,
    "amm_lp_exposure": amm_lp_exposure.KINDS,
    "compound_v3": compound_v3.KINDS,
    "maker_liquidations": maker_liquidations.KINDS,
    "morpho_blue": morpho_blue.KINDS,
    "uniswap_v3": uniswap_v3.KINDS,
}

COMPUTATIONS: Final[Mapping[tuple[str, str], Compute]] = {
    (suite, kind): compute for suite, kinds in _SUITES.items() for kind, compute in kinds.items()
}
