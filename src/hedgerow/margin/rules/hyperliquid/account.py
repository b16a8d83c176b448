"""What an account is worth, and what it must keep to take something out."""

from collections.abc import Iterable
from fractions import Fraction

from hedgerow.margin.rules.checks import not_negative

__all__ = ["account_value_usd", "raw_usd", "requirement_transfer_usd"]

_TRANSFER_FRAC = Fraction(1, 10)


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


def requirement_transfer_usd(initial_usd: Fraction, notional_usd: Fraction) -> Fraction:
    """What must remain after a withdrawal or transfer: initial margin, a tenth of all notional."""
    not_negative(initial_usd=initial_usd, notional_usd=notional_usd)
    return max(initial_usd, notional_usd * _TRANSFER_FRAC)
