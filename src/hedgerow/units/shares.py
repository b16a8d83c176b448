"""A share of one as a person reads it, in tables and in sentences alike: 12.3 %.

With a space, as the SI has it, which tables keep on one line. What a person types, and what a desk
file keeps, stays as it is typed: 65%.
"""

from decimal import Decimal

__all__ = ["percent"]


def percent(value_frac: float | Decimal, decimals: int = 1, *, sign: bool = False) -> str:
    """Write a fraction of one as per cent.

    >>> percent(0.1234), percent(-0.5, 0), percent(0.05, sign=True), percent(-0.00001)
    ('12.3 %', '-50 %', '+5.0 %', '0.0 %')
    """
    text = f"{float(value_frac) * 100:{'+' if sign else ''},.{decimals}f}"
    # What rounds to zero has no sign: "-0" makes a reader look for a loss.
    return f"{text if text.strip('+-0.,') else text.lstrip('+-')} %"
