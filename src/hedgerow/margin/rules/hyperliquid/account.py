"""What an account is worth, and what is left of it without its positions."""

from collections.abc import Iterable
from fractions import Fraction

__all__ = ["account_value_usd", "raw_usd"]


def account_value_usd(cross_usd: Fraction, isolated_usd: Iterable[Fraction]) -> Fraction:
    """Value of an account: its cross value and the margin of every isolated position."""
    return cross_usd + sum(isolated_usd, Fraction(0))


def raw_usd(value_usd: Fraction, notional_signed_usd: Fraction) -> Fraction:
    """Dollars left were all positions closed at the mark without the cash they are held with.

    Parameters
    ----------
    value_usd
        Of the account, or the margin of one isolated position.
    notional_signed_usd
        Of its positions; long is positive.
    """
    return value_usd - notional_signed_usd
