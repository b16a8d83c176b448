"""OKX and Gate: isolated liquidation prices; the two conventions of Greeks."""

from collections.abc import Callable, Mapping
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites.options import printed
from hedgerow.margin.rules import okx as rules

__all__ = ["KINDS"]


def _liquidation_price(given: Given) -> Mapping[str, object]:
    price = rules.isolated_liquidation_price_usd(
        given.integer("side") * abs(given.fraction("position")),
        given.fraction("entry_price"),
        margin_usd=given.fraction("isolated_margin"),
        rate_frac=given.fraction("mmr"),
        fee_frac=given.fraction("taker_fee", 0),
    )
    return {"liquidation_price": price}


def _greeks(given: Given) -> Mapping[str, object]:
    found = printed(given, forward="fwdPx", vol="markVol", time="ts")
    F = found.forward_usd
    coin = found.value_usd / F
    adjusted = found.delta_frac - coin
    return {
        "deltaBS": found.delta_frac,
        "deltaPA": adjusted,
        "deltaBS_minus_deltaPA": coin,
        # F² d²(V/F)/dF² = F Γ - 2 (δ - v)
        "gammaPA": F * found.gamma_coin_per_usd - 2.0 * adjusted,
        "gammaBS": found.gamma_coin_per_usd,
        "vegaPA": found.vega_usd_per_volpt / F,
        "thetaPA": found.theta_usd_per_day / F,
    }


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "liquidation_price": _liquidation_price,
    "greeks_convention": _greeks,
}
