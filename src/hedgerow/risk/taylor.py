"""What Greeks of the start foretell of a holding that was held all the time.

Its dollar value is ``W = P u(A, σ, t)`` with u counted in its settlement asset, P the dollars of
one unit of that, and ``A = S (1 + s) (1 + y)`` its own forward or mark: s is the move of spot, y
that of the forward against spot. The Greeks of the desk are derivatives of W by spot, of a
coin-settled holding with ``P = S`` moving along. With ``D = P A u'``, ``G = S² W_SS``, ``H = S³
W_SSS`` and all at the start, the terms with y follow by differentiating W once more:

    y D,   s y X,   ½ y² Y,   ½ s² y Z,   y dσ (S W_Sσ - c W_σ),   y dt (S W_St - c W_t)

    counted in its own coin (c = 1)     X = G       Y = G - 2 D    Z = G + H
    counted in another asset (c = 0)    X = D + G   Y = G          Z = 2 G + H

Counted in another asset, all of that is worth ``1 + a`` as much when the asset moves by a: that is
the cross gamma of the two. A pool's share bends with the ratio of the two prices, so its cross
gamma is minus its gamma (`pricing.rows`).
"""

from collections.abc import Mapping
from math import factorial, fsum

from hedgerow.exposure.sums import Part
from hedgerow.instruments import PowerPerpetual
from hedgerow.pricing import GREEKS
from hedgerow.risk.moves import Moves

__all__ = ["taylor_lines"]

_OWN_LINES: Mapping[str, str] = {
    "theta_usd_per_day": "time",
    "gamma_usd_per_pct": "gamma",
    "vega_usd_per_volpt": "vega",
    "vanna_usd_per_volpt": "vanna",
    "volga_usd_per_volpt2": "volga",
}
_PERCENTS = 100.0


def taylor_lines(part: Part, moved: Moves, settled_usd: float) -> dict[str, float]:
    """Give the lines of one holding, in dollars.

    Parameters
    ----------
    part
        The holding at the start, with its Greeks.
    moved
        What moved since.
    settled_usd
        What the holding is worth at the start as far as that moves with its settlement asset.
    """
    s, y, a = moved.spot_frac, moved.basis_frac, moved.settlement_frac
    dv, dt = moved.vol_volpt, moved.elapsed_days
    delta_usd = part.own_delta_coin * moved.spot_start_usd
    lines = {"delta": delta_usd * s}
    lines |= dict.fromkeys(("time", "gamma", "vega", "vanna", "volga", "higher"), 0.0)
    greeks = dict.fromkeys(GREEKS, 0.0)
    if part.greeks is not None:
        greeks = {name: getattr(part.greeks, name) for name in GREEKS}
    for name, greek in GREEKS.items():
        if greek.carry:
            continue
        # Displayed Greeks of spot count dollars of the coin once and per cents after that.
        weight = _PERCENTS ** max(greek.spot - 1, 0)
        for step, order in zip((s, dv, dt), greek.orders, strict=True):
            weight *= step**order / factorial(order)
        lines[_OWN_LINES.get(name, "higher")] += weight * greeks[name]
    G = _PERCENTS * greeks["gamma_usd_per_pct"]
    H = _PERCENTS**2 * greeks["speed_usd_per_pct2"]
    is_own = part.own == part.settled_in
    X, Y, Z = (G, G - 2.0 * delta_usd, G + H) if is_own else (delta_usd + G, G, 2.0 * G + H)
    by_vol = greeks["vanna_usd_per_volpt"] - is_own * greeks["vega_usd_per_volpt"]
    by_time = greeks["charm_usd_per_day"] - is_own * greeks["theta_usd_per_day"]
    lines["basis"] = y * fsum((delta_usd, s * X, 0.5 * y * Y, dv * by_vol, dt * by_time))
    lines["higher"] += 0.5 * s * s * y * Z
    lines["numeraire"] = settled_usd * a
    lines["cross"] = 0.0
    if not is_own:
        bent = part.settled_greeks
        if bent is not None:
            lines["cross"] = a * (0.5 * a * _PERCENTS * bent.gamma_usd_per_pct - s * G)
        elif not isinstance(part.instrument, PowerPerpetual):  # worth dollars, whatever the peg
            lines["cross"] = a * fsum(
                amount for name, amount in lines.items() if name not in ("numeraire", "cross")
            )
    return lines
