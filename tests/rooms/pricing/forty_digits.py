"""Every Greek with forty digits, and the size of the terms that it is the sum of."""

from typing import Any

import mpmath

NAMES = (
    "value", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm", "speed",
    "zomma", "color", "veta", "ultima",
)  # fmt: skip
# Held to their own size; the others change sign and are held to the size of their terms. So are
# vanna and volga within a hundredth of a deviation of the point where d1 or d2 changes sign: d1 and
# d2 are sums of two terms, and no way of adding them keeps digits where they cancel.
RELATIVE = ("value", "delta", "gamma", "vega", "rho", "vanna", "volga")


def forty_digits(
    S: float, K: float, v: float, T: float, r: float, b: float, cp: float, *, follows: bool
) -> dict[str, tuple[Any, Any]]:
    """Name → (number, sum of the absolute terms)."""
    with mpmath.workdps(40):
        return _all(*(mpmath.mpf(float(x)) for x in (S, K, v, T, r, b, cp)), follows=follows)


def _all(
    S: Any, K: Any, v: Any, T: Any, r: Any, b: Any, cp: Any, *, follows: bool
) -> dict[str, tuple[Any, Any]]:
    def tail(x: Any) -> Any:
        return mpmath.erfc(-x / mpmath.sqrt(2)) / 2

    def total(*terms: Any) -> tuple[Any, Any]:
        return mpmath.fsum(terms), mpmath.fsum(abs(term) for term in terms)

    root = mpmath.sqrt(T)
    st = v * root
    d1 = (mpmath.log(S / K) + b * T) / st + st / 2
    d2 = d1 - st
    E, D = mpmath.exp((b - r) * T), mpmath.exp(-r * T)
    n = E * mpmath.npdf(d1)
    delta, leg = cp * E * tail(cp * d1), cp * K * D * tail(cp * d2)
    value = S * delta - leg
    gamma, vega = n / (S * st), S * n * root
    d12 = d1 * d2
    found = {
        "value": value,
        "delta": delta,
        "gamma": gamma,
        "vega": vega,
        "rho": T * leg if follows else -T * value,
        "vanna": -n * d2 / v,
        "volga": vega * d12 / v,
    }
    h = mpmath.fabs(d1 - st / 2)
    cancelling = {
        "vanna": (found["vanna"], n * (h + st / 2) / v),
        "volga": (found["volga"], vega * (h + st / 2) ** 2 / v),
    }
    u = vega / v**2
    sums = {
        "theta": total(-vega * v / (2 * T), -(b - r) * S * delta, -r * leg),
        # The two terms of d2 count apart: without carry they are all there is, and may cancel.
        "charm": total(
            -n * b / st, n * (d1 - st / 2) / (2 * T), -n * st / (4 * T), -(b - r) * delta
        ),
        "speed": total(-gamma / S, -gamma / S * d1 / st),
        "zomma": total(gamma * d12 / v, -gamma / v),
        "color": total(
            gamma * (r - b), gamma * b * d1 / st, gamma / (2 * T), -gamma * d12 / (2 * T)
        ),
        "veta": total(vega * (r - b), vega * b * d1 / st, -vega / (2 * T), -vega * d12 / (2 * T)),
        "ultima": total(u * d12**2, -u * d12, -u * d1**2, -u * d2**2),
    }
    own = {name: (number, abs(number)) for name, number in found.items()}
    return own | sums | (cancelling if min(abs(d1), abs(d2)) < 0.01 else {})
