"""The terms of one option as flags of a command line, and what they say together."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from hedgerow.app.amounts import BOUNDS, number
from hedgerow.errors import RequestRejected
from hedgerow.units import HOUR_NS, SECOND_NS, format_ns, parse_ns, years_between

__all__ = ["Right", "Terms", "Vol", "expiry_ns", "time_ns", "years_remarks"]

Right: TypeAlias = Literal["call", "put"]
Vol: TypeAlias = Annotated[
    float, number("--vol", "vol_frac", "Annual volatility: 0.65 or 65%."), Parameter(show=True)
]

_CUT_NS = 8 * HOUR_NS  # a date alone means the hour at which the largest venue settles
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LISTED = re.compile(rf"(?P<day>\d\d?)(?P<month>{'|'.join(_MONTHS)})(?P<year>\d\d)")
_GROWTH_MAX = 100.0
_YEARS_USUAL_MAX = 10.0  # beyond it days were perhaps meant
_YEARS_MAX = BOUNDS["expiry_years"].high


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one option is, and the market it is priced in, but for its vol."""

    right: Annotated[Right, Parameter(help="What the option is the right to: buy or sell.")]
    underlying_usd: Annotated[
        float,
        number("--underlying", "underlying_usd", "Forward of the expiry; spot with --carry."),
    ]
    strike_usd: Annotated[float, number("--strike", "strike_usd", "Strike in USD.")]
    expiry_years: Annotated[
        float | None, number("--years", "expiry_years", "Life left in years of 365 days.")
    ] = None
    expiry: Annotated[
        str | None,
        Parameter(
            help="Expiry in place of --years: 2026-03-27 or 27MAR26 (08:00 UTC), or with a time."
        ),
    ] = None
    at: Annotated[
        str | None, Parameter(help="Time from which --expiry is counted; default: now.")
    ] = None
    rate_frac_per_year: Annotated[
        float, number("--rate", "rate_frac_per_year", "Discount rate, continuous: 0.05 or 5%.")
    ] = 0.0
    carry_frac_per_year: Annotated[
        float | None,
        number(
            "--carry",
            "carry_frac_per_year",
            "Cost of carry b of an option on spot, F = S exp(b T): 0.02 or 2%.",
        ),
    ] = None
    is_coin_settled: Annotated[
        bool,
        Parameter(name="--coin-settled", negative="", help="Paid in the coin, as on Deribit."),
    ] = False

    @property
    def is_call(self) -> bool:
        """Whether it is the right to buy."""
        return self.right == "call"

    def years(self) -> float:
        """How long it lives, in years of 365 days.

        Raises
        ------
        RequestRejected
            If neither --years nor --expiry is given, or both are, or an expiry lies before --at.
        """
        if (self.expiry_years is None) == (self.expiry is None):
            seen = "neither was" if self.expiry is None else "both were"
            raise RequestRejected(
                f"--years or --expiry: one of them says how long the option lives, {seen} given"
            )
        if self.expiry_years is not None:
            if self.at is not None:
                raise RequestRejected("--at counts from there to --expiry; --years needs none")
            years = self.expiry_years
        else:
            assert self.expiry is not None
            end_ns = expiry_ns(self.expiry, "--expiry")
            at_ns = _now_ns() if self.at is None else time_ns(self.at, "--at")
            if end_ns < at_ns:
                raise RequestRejected(
                    f"--expiry {self.expiry} is {format_ns(end_ns)}, before "
                    f"{format_ns(at_ns)}; give a time before it with --at"
                )
            years = years_between(at_ns, end_ns)
            if years > _YEARS_MAX:
                raise RequestRejected(
                    f"--expiry {self.expiry} is {years:.4g} years away, at most {_YEARS_MAX:g}"
                )
        for flag, slope in (
            ("--rate", self.rate_frac_per_year), ("--carry", self.carry_frac_per_year or 0.0),
        ):  # fmt: skip
            if abs(slope) * years > _GROWTH_MAX:
                raise RequestRejected(
                    f"{flag} {slope:g} over {years:g} years grows by more than exp({_GROWTH_MAX:g})"
                )
        return years

    def remarks(self) -> tuple[str, ...]:
        """Say where days were perhaps written for years."""
        return years_remarks("--years", self.expiry_years)

    def checked_carry(self) -> float:
        """The carry; zero on a forward.

        Raises
        ------
        RequestRejected
            If the option is paid in coin and has a carry: its underlying must be the forward.
        """
        carry = self.carry_frac_per_year or 0.0
        if self.is_coin_settled and carry:
            raise RequestRejected(
                f"--carry {carry:g} with --coin-settled: give --underlying as the forward of the "
                "expiry, which is what such an option pays by, and leave --carry out"
            )
        return carry


def expiry_ns(text: str, flag: str) -> int:
    """Read an expiry; a date alone, or as in the name of an instrument, is 08:00 UTC of that day.

    >>> expiry_ns("27MAR26", "--expiry") == expiry_ns("2026-03-27", "--expiry")
    True
    """
    listed = _LISTED.fullmatch(text.strip().upper())
    if listed is not None:
        month = _MONTHS.index(listed["month"]) + 1
        return time_ns(f"20{listed['year']}-{month:02}-{int(listed['day']):02}", flag) + _CUT_NS
    is_date = len(text) == 10
    example = "a date such as 2026-03-27 or 27MAR26, or a time such as 2026-03-27T08:00:00Z"
    return time_ns(text, flag, example) + (_CUT_NS if is_date else 0)


def years_remarks(flag: str, years: float | None) -> tuple[str, ...]:
    """Say how many days a life of more than ten years has; nothing of a shorter one.

    >>> years_remarks("--years", 73.0)[0]
    '--years 73 is 26,645 days: it counts years; 73 days are --years 0.2.'
    """
    if years is None or years <= _YEARS_USUAL_MAX:
        return ()
    return (
        f"{flag} {years:g} is {365 * years:,.6g} days: it counts years; {years:g} days are "
        f"{flag} {years / 365:.4g}.",
    )


def time_ns(text: str, flag: str, example: str = "a time such as 2026-02-05T12:00:00Z") -> int:
    """Read a time; one without an offset is UTC."""
    try:
        read_ns = parse_ns(text)
        format_ns(read_ns)  # a time that cannot be written cannot be meant
    except (ValueError, OverflowError) as bad:
        raise RequestRejected(f"{flag} {text}: write {example}") from bad
    return read_ns


def _now_ns() -> int:
    return int(datetime.now(UTC).timestamp()) * SECOND_NS
