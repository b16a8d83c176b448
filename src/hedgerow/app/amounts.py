"""Reads numbers as a person writes them on a command line, and refuses what cannot be meant.

A percent sign is taken wherever a share of something is wanted and nowhere else. A bare number that
would be an odd fraction (a vol of 65, a rate of 5, a move of -20) is refused: it is more likely a
percentage without its sign, and a number wrong by a hundred is worse than none. Where a flag counts
in per cent, a bare fraction is refused for the same reason. The same bounds hold for the columns of
a table.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from cyclopts import Parameter, Token

__all__ = ["BOUNDS", "Bounds", "bounded", "number", "numbers", "read", "read_list"]

_LIST_COUNT_MAX = 100_000


class Bounds(NamedTuple):
    """What a quantity may be. `bare_max` is the largest fraction believed without a sign.

    Where `is_in_pct`, the number itself counts per cent, with or without a sign.
    """

    low: float
    high: float
    example: str
    bare_max: float | None = None
    is_in_pct: bool = False

    @property
    def is_fraction(self) -> bool:
        """Whether a percent sign divides by a hundred."""
        return self.bare_max is not None


# Prices beyond these are faults of a feed, not prices; vols beyond a thousand per cent as well.
BOUNDS: Final = {
    "underlying_usd": Bounds(1e-12, 1e15, "60000"),
    "strike_usd": Bounds(0.0, 1e15, "65000"),
    "vol_frac": Bounds(0.0, 1_000.0, "0.65 or 65%", bare_max=10.0),
    "expiry_years": Bounds(0.0, 100.0, "0.2"),
    "rate_frac_per_year": Bounds(-10.0, 10.0, "0.05 or 5%", bare_max=1.0),
    "carry_frac_per_year": Bounds(-10.0, 10.0, "0.02 or 2%", bare_max=1.0),
    "price_usd": Bounds(0.0, 1e15, "4992.57"),
    "price_coin": Bounds(0.0, 1e15, "0.083"),
    "price_move_frac": Bounds(-0.999, 100.0, "-0.1 or -10%", bare_max=0.999),
    "spot_move_pct": Bounds(-99.99, 10_000.0, "-20 or -20%", is_in_pct=True),
    "vol_move_frac": Bounds(-1.0, 100.0, "0.25 or 25% for a quarter more vol", bare_max=5.0),
    "vol_shift_volpt": Bounds(-1_000.0, 1_000.0, "10 for ten vol points"),
    "elapsed_days": Bounds(0.0, 36_500.0, "7"),
    "amount": Bounds(-1e15, 1e15, "-5"),
    "quantity": Bounds(-1e15, 1e15, "-5"),
    "not_negative": Bounds(0.0, 1e15, "5"),
    "depth_factor_frac": Bounds(1e-6, 10.0, "0.3 or 30%", bare_max=2.0),
    "slack_frac": Bounds(0.01, 1.0, "0.5 or 50%", bare_max=1.0),
    "positive": Bounds(1e-12, 1e15, "60000"),
    "floor_frac": Bounds(0.01, 2.0, "0.9 or 90%", bare_max=1.5),
    "given_away_frac": Bounds(0.0, 10.0, "0.2 or 20%", bare_max=1.0),
    "requirement_frac": Bounds(0.0, 0.5, "0.005 or 0.5%", bare_max=0.1),
    "cost_frac": Bounds(0.0, 0.5, "0.002 or 0.2%", bare_max=0.1),
    "hours": Bounds(0.0, 87_600.0, "6"),
    "funding_frac_per_interval": Bounds(-1.0, 1.0, "0.0001 or 0.01%", bare_max=0.1),
    "discount_frac": Bounds(-10.0, 0.999999, "0.002 or 0.2%", bare_max=0.999999),
    "correlation_frac": Bounds(-1.0, 1.0, "0.4 or 40%", bare_max=1.0),
    "norm_factor_frac": Bounds(1e-12, 1.0, "0.62 or 62%", bare_max=1.0),
    "participation_frac": Bounds(1e-6, 1.0, "0.1 or 10%", bare_max=1.0),
    "success_frac": Bounds(0.5, 0.999999, "0.99 or 99%", bare_max=0.999999),
    "jump_frac": Bounds(0.0, 1.0, "0.02 or 2%", bare_max=1.0),
    "fee_frac": Bounds(0.0, 0.1, "0.0004 or 0.04%", bare_max=0.01),
    "slippage_frac": Bounds(0.0, 0.5, "0.002 or 0.2%", bare_max=0.1),
    "recovery_frac": Bounds(0.0, 0.999, "0.25 or 25%", bare_max=0.999),
    "bonus_frac": Bounds(0.0, 1.0, "0.05 or 5%", bare_max=0.3),
    "bonus_share_frac": Bounds(0.0, 1.0, "0.5 or 50%", bare_max=1.0),
    "cluster_frac": Bounds(0.0, 0.5, "0.001 or 0.1%", bare_max=0.5),
    "chance_frac": Bounds(1e-9, 0.999999, "0.01 or 1%", bare_max=0.999999),
    "vol_move_volpt": Bounds(1e-6, 500.0, "10 for ten vol points"),
    "bps_per_day": Bounds(1e-9, 1e4, "2 for two basis points"),
    "haircut_frac": Bounds(0.0, 1.0, "0.02 or 2%", bare_max=0.5),
    "yield_frac_per_year": Bounds(0.0, 10.0, "0.05 or 5%", bare_max=1.0),
    "reserve_usd": Bounds(0.0, 1e15, "250000"),
    "exponent_power": Bounds(1.000001, 4.0, "2"),
}


def bounded(value: float, of: str, *, unit: str = "") -> float:
    """Give a number back, or refuse it in the unit in which it was written: none, or per cent.

    Raises
    ------
    ValueError
        If it is not finite or not within the bounds of its quantity.
    """
    bounds = BOUNDS[of]
    if not math.isfinite(value):
        raise ValueError(f"must be finite, was {value}")
    if not bounds.low <= value <= bounds.high:
        times = 100.0 if unit and bounds.is_fraction else 1.0
        low, high, was = (f"{times * each:g}{unit}" for each in (bounds.low, bounds.high, value))
        raise ValueError(f"must be from {low} to {high}, was {was}")
    return value


def read(text: str, of: str) -> float:
    """Read one number of a quantity named in `BOUNDS`.

    >>> read("65%", "vol_frac"), read("0.65", "vol_frac"), read("-5 %", "rate_frac_per_year")
    (0.65, 0.65, -0.05)
    >>> read("-20", "spot_move_pct"), read("-0.5%", "spot_move_pct")
    (-20.0, -0.5)

    Raises
    ------
    ValueError
        If it is no number, carries a percent sign where that has no one meaning, is out of bounds,
        is a fraction so large that its percent sign is probably missing, or so small a part of one
        per cent that a fraction was probably meant.
    """
    bounds = BOUNDS[of]
    words = text.strip()
    if words.startswith("--"):
        raise ValueError(f"needs a value, and {words} is another flag")
    is_percent = words.endswith("%")
    try:
        if not words.isascii() or "_" in words:
            raise ValueError
        typed = float(words.removesuffix("%"))
    except ValueError:
        raise ValueError(
            f"write a number such as {bounds.example}, with a point for decimals and no separator "
            f"of thousands; was {text}"
        ) from None
    if is_percent and not (bounds.is_fraction or bounds.is_in_pct):
        raise ValueError(
            f"a percent sign says nothing certain here, write {bounds.example}; was {text}"
        )
    if bounds.is_in_pct and not is_percent and 0.0 < abs(typed) < 1.0:
        raise ValueError(
            f"{words} may be a fraction or per cent: write {100 * typed:g}% or {100 * typed:g}, or "
            f"{typed:g}% if you mean so little"
        )
    # Divided and not multiplied: 65 / 100 is the double nearest to 0.65.
    value = typed / 100.0 if is_percent and bounds.is_fraction else typed
    if bounds.bare_max is not None and not is_percent and bounds.bare_max < abs(value) < math.inf:
        raise ValueError(_without_its_sign(words, value, bounds))
    return bounded(value, of, unit="%" if is_percent else "")


def _without_its_sign(words: str, value: float, bounds: Bounds) -> str:
    """Say what a large bare fraction was probably meant to be, if that can be."""
    if not bounds.low <= value / 100.0 <= bounds.high:
        return f"must be from {bounds.low:g} to {bounds.high:g}, was {value:g}"
    meant = f"write {value:g}% for {value / 100:g}"
    if bounds.low <= value <= bounds.high:
        meant += f", or {100 * value:g}% if you mean it"
    return f"{words} is {100 * value:g} %, probably a percentage without its sign: {meant}"


def read_list(text: str, of: str) -> tuple[float, ...]:
    """Read numbers with commas between, in which three dots go on in the steps before them.

    >>> read_list("-30,-20,...,30", "spot_move_pct"), read_list("0, 2.5", "elapsed_days")
    ((-30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0), (0.0, 2.5))

    Raises
    ------
    ValueError
        If a number cannot be meant, or the dots do not lead from the number before them to the one
        after them in whole steps.
    """
    words = [word.strip() for word in text.split(",")]
    found: list[float] = []
    for at, word in enumerate(words):
        if word != "...":
            found.append(read(word, of))
            continue
        around = words[max(at - 2, 0) : at] + words[at + 1 : at + 2]
        if len(around) < 3 or "..." in around:
            raise ValueError(
                "three dots go between two numbers and a last one, as in -30,-20,...,30; "
                f"was {text}"
            )
        start, end = found[-1], read(words[at + 1], of)
        step = start - found[-2]
        steps = (end - start) / step if step else 0.0
        if not 0.5 < steps <= _LIST_COUNT_MAX:
            raise ValueError(f"the dots lead nowhere: from {words[at - 1]} to {words[at + 1]}")
        count = round(steps)
        if abs(steps - count) > 1e-6:
            is_percent = BOUNDS[of].is_fraction and words[at - 1].endswith("%")
            typed = f"{100 * step:g}%" if is_percent else f"{step:g}"
            raise ValueError(
                f"steps of {typed} from {words[at - 1]} do not meet {words[at + 1]}; end with a "
                "number that they meet"
            )
        # To a part of the step, so that steps of 0.1 from -0.2 meet 0 and not -5.6e-17.
        digits = 12 - math.floor(math.log10(abs(step)))
        found += [round(start + step * n, digits) + 0.0 for n in range(1, count)]
    return tuple(dict.fromkeys(found))


def number(flag: str, of: str, text: str) -> Parameter:
    """Describe a flag that takes one number."""
    assert of in BOUNDS, f"{flag} has no bounds"

    def convert(_: object, tokens: Sequence[Token]) -> float:
        return read(tokens[0].value, of)

    return Parameter(name=flag, converter=convert, allow_leading_hyphen=True, help=text)


def numbers(flag: str, of: str, text: str) -> Parameter:
    """Describe a flag that takes several numbers with commas between them; see `read_list`."""
    assert of in BOUNDS, f"{flag} has no bounds"

    def convert(_: object, tokens: Sequence[Token]) -> tuple[float, ...]:
        return read_list(tokens[0].value, of)

    return Parameter(
        name=flag, converter=convert, n_tokens=1, allow_leading_hyphen=True, negative="", help=text
    )
