"""Derive's standard manager: each underlying by itself, short options by formula.

The venue counts one margin, which is negative when it may liquidate. Here it is two numbers:
equity is the mark-to-market of everything with the cash; the requirement is what the manager takes
off that, so headroom is the venue's own margin (onchain-margin.md section 2, [V] derive_srm).
Perpetuals and coins are exact; options are priced in float64 where the contracts have 18 decimals.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual, Option
from hedgerow.margin.bounds import outside
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.holdings import Holdings, OptionHeld, black_written, holdings
from hedgerow.margin.records import MarginLine, MarginReport, Rulebook, report_of, unsupported
from hedgerow.margin.rules.derive.standard import OptionParameters, expiry_margins
from hedgerow.margin.venues.derive_holdings import expiry_of_options, known_of, worth_usd
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import date_utc, quantise, to_exact, to_model

__all__ = ["ENGINE", "DeriveRulebook", "OptionRates", "require"]

_STEP = Decimal("1e-12")

_Lines: TypeAlias = tuple[list[MarginLine], list[MarginLine]]
"""What is required, and what counts as equity."""


class OptionRates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one underlying's short options need; fractions of spot unless the name says more."""

    short_most_frac: Decimal
    short_least_frac: Decimal
    call_maintenance_frac: Decimal
    put_maintenance_frac: Decimal
    put_maintenance_of_value_frac: Decimal
    unpaired_initial_frac: Decimal
    unpaired_maintenance_frac: Decimal
    put_initial_of_maintenance_frac: Decimal

    def model(self) -> OptionParameters:
        """Give them as the rule takes them."""
        return OptionParameters(
            **{name: to_model(getattr(self, name)) for name in self.__struct_fields__}
        )


class DeriveRulebook(Rulebook, frozen=True, kw_only=True, tag="derive_standard"):
    """Rates by underlying; one that a table lacks is not margined in that form.

    A base coin counts by its factor, and by factor · scale for the initial requirement.
    """

    currency: str
    perp_initial_frac: dict[str, Decimal]
    perp_maintenance_frac: dict[str, Decimal]
    options: dict[str, OptionRates]
    base_factor_frac: dict[str, Decimal]
    base_initial_scale_frac: dict[str, Decimal]
    depeg_threshold_usd: Decimal
    depeg_factor_frac: Decimal


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: DeriveRulebook,
) -> Outcome[MarginReport]:
    """Give the standard requirement; see `hedgerow.margin.require`."""
    if account.currency != rulebook.currency:
        return unsupported(account, f"{rulebook.name} keeps accounts in {rulebook.currency}")
    held = holdings(account, instruments, snapshot)
    if isinstance(held, Failure):
        return held
    stable = snapshot.spot_usd(rulebook.currency)
    if isinstance(stable, Failure):
        return stable
    lines: list[MarginLine] = []
    equity_lines = [
        MarginLine(
            rule="cash",
            subject=rulebook.currency,
            amount_ccy=account.balance_coin(rulebook.currency),
            evidence=rulebook.known("equity"),
        )
    ]
    for part in _parts(account, held, stable, snapshot, rulebook):
        if isinstance(part, Failure):
            return part
        lines += part[0]
        equity_lines += part[1]
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=rulebook.currency,
        lines=lines,
        equity_lines=equity_lines,
        used=[rulebook.known("feed_confidence")] if lines else [],
    )


def _parts(
    account: Account,
    held: Holdings,
    stable_usd: Decimal,
    snapshot: Snapshot,
    rulebook: DeriveRulebook,
) -> Iterator[Outcome[_Lines]]:
    """Give the lines of every coin that is a balance, then of every underlying."""
    for asset in dict.fromkeys(each.asset for each in account.balances):
        if asset != rulebook.currency:
            yield _base(account, asset, stable_usd, snapshot, rulebook)
    for coin, spot in held.spots_usd.items():
        yield _perpetuals(account, held, coin, rulebook)
        yield _options(account, held, coin, spot, rulebook)
        yield list(_depeg_lines(held, coin, spot, stable_usd, rulebook)), []


def _base(
    account: Account,
    asset: str,
    stable_usd: Decimal,
    snapshot: Snapshot,
    rulebook: DeriveRulebook,
) -> Outcome[_Lines]:
    """A coin: worth its price in the stable coin, of which the margin's part is no requirement."""
    amount = account.balance_coin(asset)
    factor = rulebook.base_factor_frac.get(asset)
    if factor is None or amount < 0:
        return unsupported(
            account,
            f"{rulebook.name} takes no {asset} as collateral"
            if factor is None
            else f"{asset} is owed, and only {rulebook.currency} can be borrowed",
        )
    price = worth_usd(asset, snapshot)
    if isinstance(price, Failure):
        return price
    scale = rulebook.base_initial_scale_frac[asset]
    worth = quantise(amount * price / stable_usd, _STEP, "down")
    counted = amount * price * factor
    value = MarginLine(
        rule="value of collateral",
        subject=asset,
        amount_ccy=worth,
        detail=f"{amount} x {price} / {stable_usd}",
        evidence=rulebook.known("equity"),
    )
    haircut = MarginLine(
        rule="haircut of collateral",
        subject=asset,
        amount_ccy=worth - counted,
        detail=f"{worth:f} - {amount} x {price} x {factor}; initial {worth:f} - {amount} x "
        f"{price} x {factor} x {scale}; {worth:f} = {amount} x {price} / {stable_usd}",
        amount_initial_ccy=worth - counted * scale,
        evidence=rulebook.known("base"),
    )
    return [haircut], [value]


def _perpetuals(
    account: Account, held: Holdings, coin: str, rulebook: DeriveRulebook
) -> Outcome[_Lines]:
    lines: list[MarginLine] = []
    equity_lines: list[MarginLine] = []
    for each in held.perpetuals.get(coin, ()):
        maintenance = rulebook.perp_maintenance_frac.get(coin)
        if maintenance is None:
            return unsupported(
                account, f"{rulebook.name} has no perpetual rates for {each.instrument_id}"
            )
        initial = rulebook.perp_initial_frac[coin]
        size = abs(each.size_coin)
        lines.append(
            MarginLine(
                rule="perpetual",
                subject=each.instrument_id,
                amount_ccy=size * each.mark_usd * maintenance,
                detail=f"{size} x {each.mark_usd} x {maintenance}; "
                f"initial {size} x {each.mark_usd} x {initial}",
                amount_initial_ccy=size * each.mark_usd * initial,
                evidence=rulebook.known("perpetuals"),
            )
        )
        equity_lines.append(
            MarginLine(
                rule="unrealised profit",
                subject=each.instrument_id,
                amount_ccy=each.profit_usd,
                detail=each.profit_detail,
                evidence=rulebook.known("equity"),
            )
        )
    return lines, equity_lines


def _options(
    account: Account, held: Holdings, coin: str, spot_usd: Decimal, rulebook: DeriveRulebook
) -> Outcome[_Lines]:
    by_expiry = held.options.get(coin, {})
    rates = rulebook.options.get(coin)
    if by_expiry and rates is None:
        first = next(iter(by_expiry.values()))[0].terms.instrument_id
        return unsupported(account, f"{rulebook.name} has no option rates for {first}")
    lines: list[MarginLine] = []
    equity_lines: list[MarginLine] = []
    for expiry_ns, legs in by_expiry.items():
        assert rates is not None
        added, values = _expiry_lines(expiry_ns, legs, coin, spot_usd, rates, rulebook)
        lines += added
        equity_lines += values
    return lines, equity_lines


def _expiry_lines(
    expiry_ns: int,
    held: list[OptionHeld],
    coin: str,
    spot_usd: Decimal,
    rates: OptionRates,
    rulebook: DeriveRulebook,
) -> _Lines:
    """Write one expiry: what each leg needs alone, less what they cannot lose together."""
    known = known_of(held, rulebook.known("options"))
    expiry = expiry_of_options(held)
    margins = expiry_margins(expiry, to_model(spot_usd), rates.model())
    lines: list[MarginLine] = []
    values: list[MarginLine] = []
    for each, leg in zip(held, margins.legs, strict=True):
        one = black_written(
            each.terms,
            forward_usd=margins.forward_usd,
            vol_frac=each.mark.vol_average_frac,
            years=expiry.years,
        )
        priced = f"{each.size_coin} x {one}"
        values.append(
            MarginLine(
                rule="value of option",
                subject=each.terms.instrument_id,
                amount_ccy=to_exact(leg.worth_usd, _STEP, "down"),
                detail=priced,
                evidence=known,
            )
        )
        lines.append(
            MarginLine(
                rule="short option" if each.size_coin < 0 else "long option counts nothing",
                subject=each.terms.instrument_id,
                amount_ccy=to_exact(leg.worth_usd - leg.maintenance_usd, _STEP, "up"),
                detail=_short_detail(each, leg.worth_usd, priced, spot_usd, rates)
                if each.size_coin < 0
                else priced,
                amount_initial_ccy=to_exact(leg.worth_usd - leg.initial_usd, _STEP, "up"),
                evidence=known,
            )
        )
    alone_maintenance = sum(leg.maintenance_usd for leg in margins.legs)
    alone_initial = sum(leg.initial_usd for leg in margins.legs)
    if margins.maintenance_usd > alone_maintenance or margins.initial_usd > alone_initial:
        unpaired = f"{margins.net_short_calls_coin} x {margins.forward_usd}"
        lines.append(
            MarginLine(
                rule="together the expiry can lose less",
                subject=f"{coin} {date_utc(expiry_ns)}",
                amount_ccy=to_exact(alone_maintenance - margins.maintenance_usd, _STEP, "up"),
                detail=f"{alone_maintenance} - max({alone_maintenance}, {margins.most_loss_usd} + "
                f"{rates.unpaired_maintenance_frac} x {unpaired}); "
                f"initial {alone_initial} - max({alone_initial}, {margins.most_loss_usd} + "
                f"{rates.unpaired_initial_frac} x {unpaired}); "
                f"at price {margins.price_most_loss_usd} the payoff is {margins.most_loss_usd}",
                amount_initial_ccy=to_exact(alone_initial - margins.initial_usd, _STEP, "up"),
                evidence=known,
            )
        )
    return lines, values


def _short_detail(
    held: OptionHeld, worth_usd: float, priced: str, spot_usd: Decimal, rates: OptionRates
) -> str:
    """Say how one short leg's two requirements come about."""
    size = -held.size_coin
    strike = held.terms.strike_usd
    if held.terms.right == "call":
        return (
            f"{rates.call_maintenance_frac} x {spot_usd} x {size}; initial "
            f"max({rates.short_most_frac} - max({strike} - {spot_usd}, 0) / {spot_usd}, "
            f"{rates.short_least_frac}) x {spot_usd} x {size}"
        )
    worth = f"{-worth_usd!r}"
    maintenance = (
        f"max({rates.put_maintenance_frac} x {spot_usd} x {size}, "
        f"{rates.put_maintenance_of_value_frac} x {worth})"
    )
    return (
        f"{maintenance}; initial max(max({rates.short_most_frac} - max({spot_usd} - {strike}, 0) / "
        f"{spot_usd}, {rates.short_least_frac}) x {spot_usd} x {size}, "
        f"{rates.put_initial_of_maintenance_frac} x ({maintenance} + {worth}) - {worth}); "
        f"{worth} = -({priced})"
    )


def _depeg_lines(
    held: Holdings, coin: str, spot_usd: Decimal, stable_usd: Decimal, rulebook: DeriveRulebook
) -> Iterator[MarginLine]:
    """Ask more to begin with where the stable coin has lost its peg: of perpetuals and shorts."""
    lack = rulebook.depeg_threshold_usd - stable_usd
    if lack <= 0:
        return
    exposed_coin = sum((abs(each.size_coin) for each in held.perpetuals.get(coin, ())), Decimal(0))
    for legs in held.options.get(coin, {}).values():
        exposed_coin -= sum((each.size_coin for each in legs if each.size_coin < 0), Decimal(0))
    yield MarginLine(
        rule="stable coin below its peg",
        subject=coin,
        amount_ccy=Decimal(0),
        detail=f"initial ({rulebook.depeg_threshold_usd} - {stable_usd}) x "
        f"{rulebook.depeg_factor_frac} x {exposed_coin} x {spot_usd}",
        amount_initial_ccy=lack * rulebook.depeg_factor_frac * exposed_coin * spot_usd,
        evidence=rulebook.known("depeg"),
    )


def _terms(rulebook: DeriveRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LinearPerpetual, Option),
        counted={rulebook.currency: (rulebook.currency, *rulebook.base_factor_frac)},
        owed=(rulebook.currency,),
    )


def _mistakes(rulebook: DeriveRulebook) -> Iterator[str]:
    """Name tables that lack an underlying, parts that cannot be, and maintenance above initial."""
    yield from outside(rulebook, "(0, 1]", "perp_initial_frac", "perp_maintenance_frac")
    yield from outside(
        rulebook, "[0, 1]", "base_factor_frac", "base_initial_scale_frac", "depeg_threshold_usd"
    )
    for one, other in (
        ("perp_initial_frac", "perp_maintenance_frac"),
        ("base_initial_scale_frac", "base_factor_frac"),
    ):
        named, needed = (sorted(getattr(rulebook, name)) for name in (one, other))
        if named != needed:
            yield f"{one} names {', '.join(named)}, {other} names {', '.join(needed)}"
            return
    for coin, initial in rulebook.perp_initial_frac.items():
        if initial < rulebook.perp_maintenance_frac[coin]:
            yield f"perp_initial_frac.{coin} is below perp_maintenance_frac.{coin}"
    for coin, rates in rulebook.options.items():
        under = f"options.{coin}"
        yield from outside(
            rates,
            "(0, 1]",
            "short_most_frac",
            "short_least_frac",
            "call_maintenance_frac",
            "put_maintenance_frac",
            under=under,
        )
        yield from outside(rates, "[0, 1]", "put_maintenance_of_value_frac", under=under)
        yield from outside(
            rates, "above 0", "unpaired_initial_frac", "unpaired_maintenance_frac", under=under
        )
        yield from outside(rates, "at least 1", "put_initial_of_maintenance_frac", under=under)
        if rates.short_least_frac < rates.call_maintenance_frac:
            yield f"options.{coin}.short_least_frac is below call_maintenance_frac"
        if rates.short_most_frac < rates.short_least_frac:
            yield f"options.{coin}.short_most_frac is below short_least_frac"
        if rates.unpaired_initial_frac < rates.unpaired_maintenance_frac:
            yield f"options.{coin}.unpaired_initial_frac is below unpaired_maintenance_frac"


ENGINE = Engine(
    kind=DeriveRulebook,
    rules=("equity", "perpetuals", "options", "base", "depeg", "feed_confidence"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
)
