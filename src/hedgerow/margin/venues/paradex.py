"""Paradex in cross mode: perpetuals by a rate of their notional, dated options by formula.

Equity is the collateral at the oracle's price of USDC with every position's gain, in dollars
(venue-margin.md section 6, [V] paradex-open-size-imr, paradex-liq-share,
paradex-option-cross-long). Options are valued by Black-76 on their forward, in float64. The cap on
short puts is listed by the venue without a formula and left out: without it they need no less.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual, Option
from hedgerow.margin.bounds import outside
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.holdings import Holdings, OptionHeld, PerpetualHeld, black_written, holdings
from hedgerow.margin.records import (
    Evidence,
    MarginLine,
    MarginReport,
    Rulebook,
    report_of,
    unsupported,
)
from hedgerow.margin.rules.paradex import long_option_usd, short_option_usd
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import value_usd
from hedgerow.units import quantise_fraction_up, to_exact, to_model

__all__ = [
    "ENGINE",
    "ParadexOptionRates",
    "ParadexRulebook",
    "opened_of",
    "option_mark_usd",
    "require",
]

_STEP = Decimal("1e-12")


class ParadexOptionRates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one underlying's dated options need, as parts of spot: in the money, and far out."""

    long_in_initial_frac: Decimal
    long_in_maintenance_frac: Decimal
    short_in_initial_frac: Decimal
    short_in_maintenance_frac: Decimal
    short_out_initial_frac: Decimal
    short_out_maintenance_frac: Decimal


class ParadexRulebook(Rulebook, frozen=True, kw_only=True, tag="paradex"):
    """Rates by underlying. Without a taker fee no perpetual is margined: its provision is unknown.

    What is maintained of a perpetual is `maintenance_of_initial_frac` of the initial requirement.
    """

    currency: str
    perp_initial_frac: dict[str, Decimal]
    maintenance_of_initial_frac: Decimal
    fee_taker_frac: Decimal | None = None
    options: dict[str, ParadexOptionRates]


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: ParadexRulebook,
) -> Outcome[MarginReport]:
    """Give the cross requirement in dollars; see `hedgerow.margin.require`."""
    opened = opened_of(account, instruments, snapshot, rulebook)
    if isinstance(opened, Failure):
        return opened
    held, equity_lines = opened
    lines: list[MarginLine] = []
    for coin, spot in held.spots_usd.items():
        for perpetual in held.perpetuals.get(coin, ()):
            line = _perpetual(account, perpetual, coin, rulebook)
            if isinstance(line, Failure):
                return line
            lines.append(line)
        for option in (leg for legs in held.options.get(coin, {}).values() for leg in legs):
            rates = rulebook.options.get(coin)
            if rates is None:
                return unsupported(
                    account, f"{rulebook.name} has no option rates for {option.terms.instrument_id}"
                )
            lines.append(_option(option, option_mark_usd(option), spot, rates, rulebook))
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=lines,
        equity_lines=equity_lines,
    )


class _Kept(Protocol):
    """A rulebook of either mode, as far as equity asks it."""

    @property
    def name(self) -> str: ...
    @property
    def currency(self) -> str: ...
    def known(self, rule: str) -> Evidence: ...


def opened_of(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: _Kept,
) -> Outcome[tuple[Holdings, list[MarginLine]]]:
    """Give what is held and what it is worth, line by line; both modes count the same."""
    if account.currency != rulebook.currency:
        return unsupported(account, f"{rulebook.name} keeps accounts in {rulebook.currency}")
    held = holdings(account, instruments, snapshot)
    if isinstance(held, Failure):
        return held
    equity_lines = _equity_lines(account, held, snapshot, rulebook)
    if isinstance(equity_lines, Failure):
        return equity_lines
    return held, equity_lines


def _equity_lines(
    account: Account, held: Holdings, snapshot: Snapshot, rulebook: _Kept
) -> Outcome[list[MarginLine]]:
    for asset in dict.fromkeys(each.asset for each in account.balances):
        if asset != rulebook.currency:
            return unsupported(account, f"{rulebook.name} takes no {asset} as collateral")
    dollar = snapshot.spot_usd(rulebook.currency)
    if isinstance(dollar, Failure):
        return dollar
    balance = account.balance_coin(rulebook.currency)
    lines = [
        MarginLine(
            rule="collateral",
            subject=rulebook.currency,
            amount_ccy=balance * dollar,
            detail=f"{balance} x {dollar}",
            evidence=rulebook.known("equity"),
        )
    ]
    for coin in held.spots_usd:
        lines.extend(
            MarginLine(
                rule="unrealised profit",
                subject=perpetual.instrument_id,
                amount_ccy=perpetual.profit_usd,
                detail=perpetual.profit_detail,
                evidence=rulebook.known("equity"),
            )
            for perpetual in held.perpetuals.get(coin, ())
        )
        for option in (leg for legs in held.options.get(coin, {}).values() for leg in legs):
            mark_usd = option_mark_usd(option)
            lines.append(
                MarginLine(
                    rule="value of option",
                    subject=option.terms.instrument_id,
                    amount_ccy=option.size_coin * mark_usd,
                    detail=f"{option.size_coin} x {mark_usd:f}; {_mark_how(option, mark_usd)}",
                    evidence=option.known(rulebook.known("option_marks")),
                )
            )
    return lines


def _mark_how(held: OptionHeld, mark_usd: Decimal) -> str:
    how = black_written(
        held.terms,
        forward_usd=held.mark.average_usd,
        vol_frac=held.mark.vol_average_frac,
        years=held.mark.expiry_years,
    )
    return f"{mark_usd:f} = {how}"


def option_mark_usd(option: OptionHeld) -> Decimal:
    """Value one coin of an option: Black-76 on its forward at no rate, rounded against a short."""
    value = value_usd(
        np.array([option.mark.average_usd]),
        np.array([to_model(option.terms.strike_usd)]),
        np.array([option.mark.vol_average_frac]),
        np.array([option.mark.expiry_years]),
        np.array([option.terms.right == "call"]),
    )
    return to_exact(float(value[0]), _STEP, "up" if option.size_coin < 0 else "down")


def _perpetual(
    account: Account, held: PerpetualHeld, coin: str, rulebook: ParadexRulebook
) -> Outcome[MarginLine]:
    """Margin a perpetual: its rate and a provision for the fee of closing it."""
    rate, fee = rulebook.perp_initial_frac.get(coin), rulebook.fee_taker_frac
    if rate is None:
        return unsupported(account, f"{rulebook.name} has no rate for {held.instrument_id}")
    if fee is None:
        return Failure(
            subject=held.instrument_id,
            reason="missing_data",
            message=f"{rulebook.name} has no fee_taker_frac, of which a perpetual's requirement "
            "holds a provision; write the account's own into a rulebook",
        )
    size = abs(held.size_coin)
    notional = size * held.mark_usd
    part = rulebook.maintenance_of_initial_frac
    return MarginLine(
        rule="perpetual",
        subject=held.instrument_id,
        amount_ccy=notional * (part * rate + fee),
        detail=f"{size} x {held.mark_usd} x ({part} x {rate} + {fee}); "
        f"initial {size} x {held.mark_usd} x ({rate} + {fee})",
        amount_initial_ccy=notional * (rate + fee),
        evidence=rulebook.known("perpetuals"),
    )


def _option(
    held: OptionHeld,
    mark_usd: Decimal,
    spot_usd: Decimal,
    rates: ParadexOptionRates,
    rulebook: ParadexRulebook,
) -> MarginLine:
    """Margin a dated option: a long up to its worth, a short less the further it is out."""
    size, spot = Fraction(held.size_coin), Fraction(spot_usd)
    if held.size_coin >= 0:
        kinds = (rates.long_in_maintenance_frac, rates.long_in_initial_frac)
        amounts = [
            long_option_usd(
                size, mark_usd=Fraction(mark_usd), spot_usd=spot, in_frac=Fraction(part)
            )
            for part in kinds
        ]
        told, initially = (
            f"{held.size_coin} x min({mark_usd:f}, {part} x {spot_usd})" for part in kinds
        )
        detail = f"{told}; initial {initially}; {_mark_how(held, mark_usd)}"
    else:
        sign = 1 if held.terms.right == "call" else -1
        out_usd = max(sign * (held.terms.strike_usd - spot_usd), Decimal(0))
        pairs = (
            (rates.short_in_maintenance_frac, rates.short_out_maintenance_frac),
            (rates.short_in_initial_frac, rates.short_out_initial_frac),
        )
        amounts = [
            short_option_usd(
                size,
                spot_usd=spot,
                out_of_the_money_usd=Fraction(out_usd),
                in_frac=Fraction(within),
                out_frac=Fraction(out),
            )
            for within, out in pairs
        ]
        told, initially = (
            f"{-held.size_coin} x max({within} x {spot_usd} - {out_usd}, {out} x {spot_usd})"
            for within, out in pairs
        )
        detail = f"{told}; initial {initially}"
    maintenance, initial = (_exact(quantise_fraction_up(each, Fraction(_STEP))) for each in amounts)
    return MarginLine(
        rule="long option" if held.size_coin >= 0 else "short option",
        subject=held.terms.instrument_id,
        amount_ccy=maintenance,
        detail=detail,
        amount_initial_ccy=initial,
        evidence=rulebook.known("long_options" if held.size_coin >= 0 else "short_options"),
    )


def _exact(amount: Fraction) -> Decimal:
    return Decimal(amount.numerator) / Decimal(amount.denominator)


def _terms(rulebook: ParadexRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LinearPerpetual, Option), counted={rulebook.currency: (rulebook.currency,)}
    )


def _mistakes(rulebook: ParadexRulebook) -> Iterator[str]:
    """Name parts that cannot be, and maintenance above initial."""
    yield from outside(rulebook, "(0, 1]", "maintenance_of_initial_frac", "perp_initial_frac")
    yield from outside(rulebook, "[0, 1)", "fee_taker_frac")
    for coin, rates in rulebook.options.items():
        yield from outside(rates, "[0, 1]", *rates.__struct_fields__, under=f"options.{coin}")
        for kind in ("initial", "maintenance"):
            within = getattr(rates, f"short_in_{kind}_frac")
            if within < getattr(rates, f"short_out_{kind}_frac"):
                yield f"options.{coin}.short_in_{kind}_frac is below short_out_{kind}_frac"
        for name in ("long_in", "short_in", "short_out"):
            initial = getattr(rates, f"{name}_initial_frac")
            if initial < getattr(rates, f"{name}_maintenance_frac"):
                yield f"options.{coin}.{name}_initial_frac is below {name}_maintenance_frac"


ENGINE = Engine(
    kind=ParadexRulebook,
    rules=("equity", "perpetuals", "long_options", "short_options", "option_marks"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
)
