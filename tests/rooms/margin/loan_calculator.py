"""A calculator that repeats the lines of lending accounts from what they say, to the last digit."""

import re
from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor

from hedgerow.margin import MarginLine

RAY = 10**27


def worth(amount: str, decimals: str, price: str, way: str) -> Fraction:
    exactly = Fraction(int(amount), 10 ** int(decimals)) * Fraction(price) * 10**8
    return Fraction(ceil(exactly) if way == "up" else floor(exactly), 10**8)


def cut(value: Fraction, digits: int) -> Fraction:
    return Fraction(floor(value * 10**digits), 10**digits)


def grown(way: str, amount: str, scaled: str, index_ray: str) -> str:
    """The amount that is said, which must be what its units have grown to."""
    exactly = Fraction(int(scaled) * int(index_ray), RAY)
    assert int(amount) == (ceil(exactly) if way == "up" else floor(exactly))
    return amount


WORTH = r"(\d+) / 10\^(\d+) x (\S+), to 1e-8 USD (up|down)"
CUT = r"; worth cut to 1e-8 USD (up|down); (\d+) = (\d+) x (\d+) / 10\^27"
# What a line says, and what it then adds to maintenance or equity, and to the initial requirement.
CALCULATOR: dict[str, Callable[..., tuple[Fraction, Fraction]]] = {
    rf"(\d+) / 10\^(\d+) x (\S+){CUT}(?:; health factor \S+)?": lambda *a: (
        2 * (worth(grown(*a[3:]), *a[1:4]),)
    ),
    rf"(\d+) / 10\^(\d+) x (\S+) x (\d+) / 10000{CUT}": lambda *a: (
        worth(grown(*a[4:]), a[1], a[2], a[4]) * int(a[3]) / 10_000,
        Fraction(0),
    ),
    r"collateral of (\d+) \(1e-8 dollars\) weighs (\S+) dollars and lets borrow (\d+) \(1e-8 "
    r"dollars\), its average loan to value of (\d+) bps rounded down": lambda *a: (
        Fraction(0),
        Fraction(a[1]) - Fraction(int(a[0]) * int(a[3]) // 10_000, 10**8),
    ),
    rf"{WORTH}": lambda *a: 2 * (worth(*a),),
    rf"{WORTH}, that times (\S+) down": lambda *a: (
        cut(worth(*a[:4]) * Fraction(a[4]), 8),
        Fraction(0),
    ),
    rf"{WORTH}, that times (\S+) down, less that times (\S+) down": lambda *a: (
        Fraction(0),
        cut(worth(*a[:4]) * Fraction(a[4]), 8) - cut(worth(*a[:4]) * Fraction(a[5]), 8),
    ),
    r"(\d+) shares x \((\d+) \+ 1\) / \((\d+) \+ 1000000\), to 1e-(\d+) up; .*": lambda *a: (
        2
        * (
            Fraction(
                ceil(Fraction(int(a[0]) * (int(a[1]) + 1), int(a[2]) + 10**6)), 10 ** int(a[3])
            ),
        )
    ),
    r"(\d+) x (\d+) / 1e36 \(\S+ / \S+ x 1e\d+ down\), to 1e-(\d+) down, that times (\S+) down": (
        lambda *a: (
            cut(
                Fraction(int(a[0]) * int(a[1]) // 10**36, 10 ** int(a[2])) * Fraction(a[3]),
                int(a[2]),
            ),
            Fraction(0),
        )
    ),
    r"art (\d+) x rate (\d+) / 1e27, to 1e-18 up": lambda *a: (
        2 * (Fraction(ceil(Fraction(int(a[0]) * int(a[1]), RAY)), 10**18),)
    ),
}


def repeated(line: MarginLine) -> tuple[Fraction, Fraction]:
    found = [
        (match, rule)
        for pattern, rule in CALCULATOR.items()
        if (match := re.fullmatch(pattern, line.detail))
    ]
    assert len(found) == 1, line.detail
    match, rule = found[0]
    return rule(*match.groups())
