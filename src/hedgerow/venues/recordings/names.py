"""The terms of a Deribit instrument, read from its name.

``BTC-27FEB26-75000-P`` is a put on BTC struck at 75,000 and settled in BTC,
``BTC_USDC-27FEB26-75000-P`` the same settled in USDC, ``BTC-27FEB26`` an inverse future. A strike
with decimals writes ``d`` for the point: ``XRP_USDC-27FEB26-0d65-C``. All expire at 08:00 UTC.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from hedgerow.errors import RecordingRejected
from hedgerow.instruments import InverseFuture, InversePerpetual, Option
from hedgerow.units import HOUR_NS, MINUTE_NS, SECOND_NS

__all__ = ["future_from_name", "option_from_name", "perpetual_from_name"]

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAY = rf"(?P<day>[1-9]|[12]\d|3[01])(?P<month>{'|'.join(_MONTHS)})(?P<year>\d\d)"
_OPTION = re.compile(
    rf"(?P<coin>[A-Z0-9]+)(?:_(?P<money>[A-Z]+))?-{_DAY}-(?P<strike>\d+(?:d\d+)?)-(?P<right>[CP])"
)
_FUTURE = re.compile(rf"(?P<coin>[A-Z0-9]+)-{_DAY}")
_PERPETUAL = re.compile(r"(?P<coin>[A-Z0-9]+)-PERPETUAL")

_EXPIRY_HOUR = 8
_AVERAGING_NS = 30 * MINUTE_NS


class _OptionTerms(NamedTuple):
    multiplier_coin_per_contract: Decimal
    tick_ccy: Decimal
    lot_contracts: Decimal


# Deribit contract specifications. Verified against data: the tick of the two coin-settled rows
# (every bid and ask from Dec 2025 to May 2026 is a multiple of 0.0001; above 0.005 of 0.0005, but
# for four stale bids, so an order there must round to 0.0005); BTC's contract and lot (ticker of
# 2026-03-01). NOT verified against data: ETH's contract and lot, and every USDC row; ask the
# venue's get_instrument before trading those.
_OPTIONS: dict[tuple[str, str], _OptionTerms] = {
    ("BTC", "BTC"): _OptionTerms(Decimal(1), Decimal("0.0001"), Decimal("0.1")),
    ("ETH", "ETH"): _OptionTerms(Decimal(1), Decimal("0.0001"), Decimal(1)),
    ("BTC", "USDC"): _OptionTerms(Decimal(1), Decimal(5), Decimal("0.01")),
    ("ETH", "USDC"): _OptionTerms(Decimal(1), Decimal("0.2"), Decimal("0.1")),
    ("SOL", "USDC"): _OptionTerms(Decimal(10), Decimal("0.01"), Decimal(1)),
    ("XRP", "USDC"): _OptionTerms(Decimal(1000), Decimal("0.0001"), Decimal(1)),
}


class _InverseTerms(NamedTuple):
    multiplier_usd_per_contract: Decimal
    tick_perpetual_usd: Decimal
    tick_future_usd: Decimal


# Deribit contract specifications. Ticks verified against the recorded minute candles.
_INVERSE: dict[str, _InverseTerms] = {
    "BTC": _InverseTerms(Decimal(10), Decimal("0.5"), Decimal("2.5")),
    "ETH": _InverseTerms(Decimal(1), Decimal("0.05"), Decimal("0.25")),
}


def option_from_name(name: str) -> Option:
    """Give the terms of an option, coin-settled or linear.

    Raises
    ------
    RecordingRejected
        If the name is not of that form, its day does not exist, or its coin's terms are unknown.
    """
    found = _matched(_OPTION, name, "an option such as BTC-27FEB26-75000-P")
    coin = found["coin"]
    settlement = found["money"] or coin
    terms = _OPTIONS.get((coin, settlement))
    if terms is None:
        known = ", ".join(f"{c} in {s}" for c, s in _OPTIONS)
        raise RecordingRejected(
            f"{name}: no contract terms for {coin} settled in {settlement}; known are {known}"
        )
    strike_usd = Decimal(found["strike"].replace("d", "."))
    if strike_usd <= 0:
        raise RecordingRejected(f"{name}: strike must be positive, was {strike_usd}")
    right: Literal["call", "put"] = "call" if found["right"] == "C" else "put"
    return Option(
        instrument_id=name,
        underlying=coin,
        settlement=settlement,
        expiry_ns=_expiry_ns(name, found),
        strike_usd=strike_usd,
        right=right,
        multiplier_coin_per_contract=terms.multiplier_coin_per_contract,
        averaging_ns=_AVERAGING_NS,
        tick_ccy=terms.tick_ccy,
        lot_contracts=terms.lot_contracts,
    )


def future_from_name(name: str) -> InverseFuture:
    """Give the terms of a dated inverse future.

    Raises
    ------
    RecordingRejected
        If the name is not of that form, its day does not exist, or its coin's terms are unknown.
    """
    found = _matched(_FUTURE, name, "a dated future such as BTC-27FEB26")
    terms = _inverse_terms(name, found["coin"])
    return InverseFuture(
        instrument_id=name,
        underlying=found["coin"],
        expiry_ns=_expiry_ns(name, found),
        multiplier_usd_per_contract=terms.multiplier_usd_per_contract,
        tick_usd=terms.tick_future_usd,
        lot_contracts=Decimal(1),
    )


def perpetual_from_name(name: str) -> InversePerpetual:
    """Give the terms of an inverse perpetual such as ``BTC-PERPETUAL``.

    Deribit pays funding continuously; its published rate is per 8 hours, which stands here as the
    interval.

    Raises
    ------
    RecordingRejected
        If the name is not of that form or its coin's terms are unknown.
    """
    found = _matched(_PERPETUAL, name, "a perpetual such as BTC-PERPETUAL")
    terms = _inverse_terms(name, found["coin"])
    return InversePerpetual(
        instrument_id=name,
        underlying=found["coin"],
        multiplier_usd_per_contract=terms.multiplier_usd_per_contract,
        tick_usd=terms.tick_perpetual_usd,
        lot_contracts=Decimal(1),
        funding_interval_ns=8 * HOUR_NS,
    )


def _matched(pattern: re.Pattern[str], name: str, what: str) -> re.Match[str]:
    found = pattern.fullmatch(name)
    if found is None:
        raise RecordingRejected(f"instrument name must be {what}, was {name!r}")
    return found


def _inverse_terms(name: str, coin: str) -> _InverseTerms:
    terms = _INVERSE.get(coin)
    if terms is None:
        raise RecordingRejected(
            f"{name}: no contract terms for {coin}; known are {', '.join(_INVERSE)}"
        )
    return terms


def _expiry_ns(name: str, found: re.Match[str]) -> int:
    year, month = 2000 + int(found["year"]), 1 + _MONTHS.index(found["month"])
    try:
        expiry = datetime(year, month, int(found["day"]), _EXPIRY_HOUR, tzinfo=UTC)
    except ValueError as error:
        raise RecordingRejected(f"{name}: there is no such day: {error}") from error
    return int(expiry.timestamp()) * SECOND_NS
