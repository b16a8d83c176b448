"""Derive's Dutch auctions of accounts below maintenance, solvent and insolvent, and who pays.

References
----------
derivexyz/v2-core, src/liquidation/DutchAuction.sol @ 7736900d39.
"""

from collections.abc import Iterable

import msgspec

from hedgerow.errors import OutOfDomain

__all__ = [
    "AuctionTerms",
    "are_withdrawals_blocked",
    "buffer_usd",
    "cash_from_bidder_usd",
    "discount_frac",
    "insolvent_payout_usd",
    "liquidation_fee_usd",
    "share_most_frac",
]


class AuctionTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How an auction runs: from a share of value to the cutoff, fast, then slowly to nothing."""

    start_frac: float
    cutoff_frac: float
    fast_s: float
    slow_s: float
    insolvent_s: float
    fee_frac: float
    buffer_frac: float
    cutoff_usd: float = 0.0  # accounts worth less go whole


def discount_frac(
    elapsed_s: float, *, start_frac: float, cutoff_frac: float, fast_s: float, slow_s: float
) -> float:
    """Give the share of its value at which an account is sold, so long after the start."""
    if elapsed_s < 0.0:
        raise OutOfDomain(f"seconds since the start must not be negative, were {elapsed_s}")
    if elapsed_s < fast_s:
        return start_frac - (start_frac - cutoff_frac) * elapsed_s / fast_s
    if elapsed_s >= fast_s + slow_s:
        return 0.0
    return cutoff_frac * (1.0 - (elapsed_s - fast_s) / slow_s)


def buffer_usd(maintenance_usd: float, value_usd: float, buffer_frac: float) -> float:
    """Give the buffer margin an auction has to reach: below maintenance by a share of the gap."""
    return maintenance_usd + buffer_frac * (maintenance_usd - value_usd)


def share_most_frac(
    buffer_margin_usd: float,
    value_usd: float,
    discount: float,
    reserved_usd: float = 0.0,
    *,
    cutoff_usd: float = 0.0,
) -> float:
    """Give the largest share of an account that may be taken; none once the buffer is reached.

    Parameters
    ----------
    reserved_usd
        Cash that earlier bidders have paid in, which is not for sale.
    """
    if buffer_margin_usd >= 0.0:
        return 0.0
    if value_usd < cutoff_usd:
        return 1.0
    paid_usd = value_usd * discount + reserved_usd * (1.0 - discount)
    return min(buffer_margin_usd / (buffer_margin_usd - paid_usd), 1.0)


def cash_from_bidder_usd(
    share_frac: float, value_usd: float, discount: float, reserved_usd: float = 0.0
) -> float:
    """Give what a share costs: that part of the value that is for sale, at the discount."""
    return (value_usd - reserved_usd) * discount * share_frac


def liquidation_fee_usd(maintenance_usd: float, value_usd: float, terms: AuctionTerms) -> float:
    """Give the fee to the security module at the start: none where the account is worth nothing."""
    if value_usd <= 0.0:
        return 0.0
    margin_usd = buffer_usd(maintenance_usd, value_usd, terms.buffer_frac)
    return share_most_frac(margin_usd, value_usd, 1.0) * abs(value_usd) * terms.fee_frac


def insolvent_payout_usd(
    share_frac: float,
    *,
    maintenance_usd: float,
    value_usd: float,
    elapsed_s: float,
    length_s: float,
) -> float:
    """Give what a bidder is paid to take a share: from minus the value up to minus maintenance."""
    if elapsed_s < 0.0 or length_s <= 0.0:
        raise OutOfDomain(f"seconds must not be negative, were {elapsed_s} of {length_s}")
    lost_usd = min(value_usd, 0.0)
    part = min(elapsed_s / length_s, 1.0)
    return share_frac * (-lost_usd + (-maintenance_usd + lost_usd) * part)


def are_withdrawals_blocked(
    insolvent_maintenance_usd: Iterable[float], module_cash_usd: float
) -> bool:
    """Say whether what open insolvent auctions lack is more than the security module holds."""
    return sum(abs(each) for each in insolvent_maintenance_usd) > module_cash_usd
