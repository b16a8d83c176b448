"""How a number is written for a person: grouped digits, a unit nearby, and unknown as a word."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias

from hedgerow import units
from hedgerow.units import format_ns

__all__ = [
    "UNKNOWN",
    "Number",
    "amount",
    "clock",
    "duration",
    "exact",
    "is_loss",
    "partial",
    "percent",
    "plain",
    "quantity",
    "significant",
    "usd",
    "usd_all",
]

UNKNOWN = "unknown"
Number: TypeAlias = float | int | Decimal

# Dollar coins are read in dollars; anything else is a coin, of which a ten-thousandth matters.
_DOLLARS = ("USD", "DAI")


def plain(value: Number | None, decimals: int, *, sign: bool = False) -> str:
    """Write a number with grouped thousands and a fixed number of decimals.

    >>> plain(-1234.5, 0), plain(0.25, 2, sign=True), plain(-0.001, 1), plain(None, 2)
    ('-1,234', '+0.25', '0.0', 'unknown')
    """
    if value is None:
        return UNKNOWN
    text = f"{value:{'+' if sign else ''},.{decimals}f}"
    # What rounds to zero has no sign: "-0" makes a reader look for a loss.
    return text.lstrip("+-") if not any(c in "123456789" for c in text) else text


def significant(value: float, digits_count: int = 10) -> str:
    """Write a model's number of any size with grouped thousands and so many digits that count.

    >>> significant(4992.567609786358), significant(-2.2586690006187e-10, 5), significant(0.0)
    ('4,992.56761', '-2.2587e-10', '0')
    """
    return f"{value:,.{digits_count}g}" if value else "0"


def partial(text: str, value: Number | None, *, is_partial: bool) -> str:
    """Mark a written sum of which a part is missing; one of nothing is unknown, and no zero.

    >>> partial("1,234", 1234.0, is_partial=True), partial("0", 0.0, is_partial=True)
    ('1,234?', 'unknown')
    >>> partial("1,234", 1234.0, is_partial=False), partial("0", 0.0, is_partial=False)
    ('1,234', '0')
    """
    if not is_partial:
        return text
    return f"{text}?" if value else UNKNOWN


def usd(value: Number | None, *, sign: bool = False) -> str:
    """Write dollars: whole ones from a thousand on, cents below.

    >>> usd(1234567.8), usd(12.345), usd(-3.5, sign=True)
    ('1,234,568', '12.35', '-3.50')
    """
    return usd_all([value], sign=sign)[0]


def usd_all(values: Sequence[Number | None], *, sign: bool = False) -> list[str]:
    """Write dollars that stand in one row or column: all with cents, or all without.

    >>> usd_all([1_234.5, 3.25, None])
    ['1,234', '3', 'unknown']
    """
    largest = max((abs(float(value)) for value in values if value is not None), default=0.0)
    return [plain(value, 2 if 0 < largest < 1_000 else 0, sign=sign) for value in values]


def amount(value: Number | None, currency: str, *, sign: bool = False) -> str:
    """Write an amount of a currency, without its name: dollars as `usd`, coins to four decimals.

    >>> amount(12.34567, "BTC"), amount(12_345.6, "USDC")
    ('12.3457', '12,346')
    """
    if any(name in currency.upper() for name in _DOLLARS):
        return usd(value, sign=sign)
    return plain(value, 4, sign=sign)


def quantity(value: Decimal, *, sign: bool = False, decimals_max: int = 8) -> str:
    """Write an exact quantity without trailing zeros, and no finer than a person reads.

    JSON has every digit. What is too small to be shown is not called nothing.

    >>> quantity(Decimal("-1200.500")), quantity(Decimal("3E+2"), sign=True), quantity(Decimal(0))
    ('-1,200.5', '+300', '0')
    >>> quantity(Decimal("0E-12")), quantity(Decimal("-0.0000000001072")), quantity(Decimal("1E-9"))
    ('0', 'above -0.00000001', 'under 0.00000001')
    """
    least = Decimal(1).scaleb(-decimals_max)
    if 0 < abs(value) < least:
        return f"under {least:f}" if value > 0 else f"above -{least:f}"
    text = f"{value:{'+' if sign else ''},.{decimals_max}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if value else text.lstrip("+-")


def exact(value: Decimal, currency: str) -> str:
    """Write a line of an account: dollars to the cent, coins to eight decimals.

    >>> exact(Decimal("1214251.089538165"), "USD"), exact(Decimal("3.66180464649016"), "BTC")
    ('1,214,251.09', '3.66180465')
    """
    is_dollar = any(name in currency.upper() for name in _DOLLARS)
    decimals = 2 if is_dollar else 8
    if 0 < abs(value) < Decimal(1).scaleb(-decimals):
        return quantity(value, decimals_max=decimals)
    return plain(value, decimals)


def percent(value_frac: Number | None, decimals: int = 1, *, sign: bool = False) -> str:
    """Write a fraction of one as per cent.

    >>> percent(0.1234), percent(-0.5, 0), percent(None)
    ('12.3 %', '-50 %', 'unknown')
    """
    if value_frac is None:
        return UNKNOWN
    return units.percent(value_frac, decimals, sign=sign)


def is_loss(text: str) -> bool:
    """Whether a written number is to be read as bad: negative, but no fall that is a distance.

    >>> is_loss("-3,000"), is_loss("-13.6 %"), is_loss("-0.7 points"), is_loss("12")
    (True, False, False, False)
    >>> is_loss("perp, liquidated")
    True
    """
    return (text.startswith("-") and not text.endswith(("%", "points"))) or text.endswith(_BAD_ENDS)


_BAD_ENDS = ("liquidatable", "liquidated", "no equity left")


def clock(time_ns: int) -> str:
    """Write a UTC time to the minute, such as ``2026-02-05 21:29``."""
    return format_ns(time_ns)[:16].replace("T", " ")


def duration(length_s: float) -> str:
    """Write a length of time in the two units that matter.

    >>> duration(5), duration(125), duration(7300), duration(180_000)
    ('5 s', '2 min 5 s', '2 h 1 min', '2 d 2 h')
    """
    seconds = round(length_s)
    for size, big, small_size, small in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= size:
            rest = seconds % size // small_size
            return f"{seconds // size} {big}" + (f" {rest} {small}" if rest else "")
    return f"{seconds} s"
