"""Whether what was computed is what a case expects.

Every number of `then` is compared exactly, as a fraction, under the case's tolerance; truths,
words, orders of identifiers, ``null``, ``"infinite"`` and ``"max"`` compare by equality under any
tolerance. Outputs that a case does not ask for are passed over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import Final

from hedgerow.app.certify.given import fraction_of
from hedgerow.app.certify.vectors import Tolerance
from hedgerow.errors import VectorsRejected

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one case came out.

    Attributes
    ----------
    misses
        What differs, one line each; empty where the case passed.
    error_of_tolerance_frac
        The largest error over what is allowed: 1 is the edge. None where no number was compared, or
        a number that had to be equal was not.
    """

    misses: tuple[str, ...]
    error_of_tolerance_frac: float | None


def compare(got: object, then: Mapping[str, object], tolerance: Tolerance) -> Comparison:
    """Compare all outputs of a case.

    Parameters
    ----------
    got
        A table with at least the names of `then`; or the number alone where `then` asks for one
        ``value``.

    Raises
    ------
    VectorsRejected
        If the tolerance names a rule of rounding that is not known.
    """
    found = _Found(tolerance)
    whole = got if isinstance(got, Mapping) else {"value": got}
    found.walk("", whole, then)
    return Comparison(tuple(found.misses), found.worst)


class _Found:
    """What has been compared so far."""

    def __init__(self, tolerance: Tolerance) -> None:
        self.tolerance = tolerance
        self.misses: list[str] = []
        self.worst: float | None = None
        self._has_unequal = False

    def walk(self, path: str, got: object, want: object) -> None:
        """Compare two values, and what is in them."""
        if isinstance(want, Mapping):
            self._tables(path, got, want)
        elif isinstance(want, Sequence) and not isinstance(want, str):
            self._lists(path, got, want)
        elif isinstance(want, bool) or want is None:
            if got is not want:
                self.misses.append(_miss(path, got, want))
        else:
            self._values(path, got, want)

    def _tables(self, path: str, got: object, want: Mapping[str, object]) -> None:
        if not isinstance(got, Mapping):
            self.misses.append(_miss(path, got, want))
            return
        for name, inner in want.items():
            below = f"{path}.{name}" if path else name
            if name in got:
                self.walk(below, got[name], inner)
            else:
                self.misses.append(f"{below}: nothing was computed, expected {inner}")

    def _lists(self, path: str, got: object, want: Sequence[object]) -> None:
        if not isinstance(got, Sequence) or isinstance(got, str) or len(got) != len(want):
            self.misses.append(_miss(path, got, want))
            return
        for at, (one, other) in enumerate(zip(got, want, strict=True)):
            self.walk(f"{path}[{at}]", one, other)

    def _values(self, path: str, got: object, want: object) -> None:
        expected = fraction_of(want)
        computed = fraction_of(got)
        if expected is None or computed is None:
            if isinstance(got, bool) or got != want:
                self.misses.append(_miss(path, got, want))
            return
        if self.tolerance.rule is not None:
            computed = _rounding(self.tolerance.rule)(computed)
        error = abs(computed - expected)
        allowed = Fraction(self.tolerance.abs_frac) + Fraction(self.tolerance.rel_frac) * abs(
            expected
        )
        if self.tolerance.exact or self.tolerance.rule is not None:
            allowed = Fraction(0)
        if error > allowed:
            off = f"off by {_shown(error)}, allowed {_shown(allowed)}"
            told = _miss(path, computed, want)
            if _shown(computed) == _shown(expected):  # too near to each other for few digits
                one, other = _told_apart(computed, expected)
                told = _miss(path, one, other)
            self.misses.append(f"{told}; {off}")
        if error and not allowed:
            self._has_unequal, self.worst = True, None
        elif not self._has_unequal:
            part = float(error / allowed) if allowed else 0.0
            self.worst = part if self.worst is None else max(self.worst, part)


def _miss(path: str, got: object, want: object) -> str:
    return f"{path}: computed {_shown(got)}, expected {_shown(want)}"


def _shown(value: object) -> str:
    """A value in words; a fraction as its decimal, or the one near it where it has no short one."""
    if not isinstance(value, Fraction) or value.denominator == 1:
        return str(value)
    if (10**_DIGITS_COUNT) % value.denominator:
        return f"{float(value)!r}"
    with localcontext(prec=100):
        return f"{(Decimal(value.numerator) / value.denominator).normalize():f}"


def _told_apart(one: Fraction, other: Fraction) -> tuple[str, str]:
    """Write two numbers that differ with so many digits that they look different."""
    digits_count = 17
    while True:
        with localcontext(prec=digits_count):
            first, second = (Decimal(x.numerator) / x.denominator for x in (one, other))
        if first != second:
            return f"{first:f}", f"{second:f}"
        digits_count += 1


_DIGITS_COUNT: Final = 18  # as many decimals as a token has; a float in full has some fifty


def _rounding(rule: str) -> Callable[[Fraction], Fraction]:
    """Find the peer's own rounding by how its words begin; what follows them is a remark."""
    for words, rounding in _ROUNDINGS.items():
        if rule.startswith(words):
            return rounding
    known = "; ".join(_ROUNDINGS)
    raise VectorsRejected(f"rule of rounding {rule!r} is not known; known are: {known}")


_ROUNDINGS: Final[Mapping[str, Callable[[Fraction], Fraction]]] = {
    # First to six decimals, so that the last digit of a float is not a whole dollar.
    "round to 6 decimals, truncate toward zero": lambda value: Fraction(int(round(value, 6))),
    "floor to 3 decimals": lambda value: Fraction(floor(value * 1000), 1000),
    "floor to whole dollars": lambda value: Fraction(floor(value)),
}
