"""What one contract of every kind is worth in every joint scenario: full revaluation, no Greeks.

Moves come at once: no time passes, and no position is changed. Worth is counted in the settlement
asset, whose own dollar price moves beside it: a linear contract loses with the peg of its dollar,
an inverse one with its coin.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import (
    ConcentratedShare,
    ConstantProductShare,
    Instrument,
    InversePerpetual,
    LinearPerpetual,
    Option,
    PowerPerpetual,
    QuantoPerpetual,
    expiry_of,
    has_entry,
    is_asset_holding,
    is_inverse,
    settlement_of,
    slope_ccy_per_usd,
    underlying_of,
)
from hedgerow.margin.portfolio.told import figure
from hedgerow.market import Factor, FactorKind, JointScenarios, Snapshot
from hedgerow.portfolio import Account, Position, book
from hedgerow.pricing import (
    Floats,
    concentrated_shares,
    constant_product_shares,
    power_perpetuals_at_premium,
    value,
    value_usd,
)
from hedgerow.units import YEAR_NS, to_model, years_between

__all__ = ["Worth", "factors_of", "worth_of"]

_SHORT_DAYS = 1.0  # vols of the last day move like those of a day
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """One contract, before its entry: now, and in every scenario (shape (scenarios,)).

    `paid_usd` is funding that a scenario asks of one long contract over the horizon. `told` is an
    expression of the size of `now_ccy`; empty where it is quoted, counted by its own protocol, or
    no calculator's matter.
    """

    now_ccy: float
    then_ccy: Floats
    price_now_usd: float
    price_then_usd: Floats
    paid_usd: Floats
    told: str = ""


def factors_of(terms: Instrument, snapshot: Snapshot) -> tuple[Factor, ...]:
    """Name every factor that moves an instrument; each must be in the scenarios."""
    found = [*_price_factors(settlement_of(terms), snapshot)]
    under = underlying_of(terms)
    found += _price_factors(under, snapshot)
    coin = snapshot.coin_of(under)
    kinds: list[FactorKind] = [] if coin in snapshot.dollars_usd else ["liquidity"]
    if isinstance(terms, Option):
        kinds += ["vol_level", "vol_skew", "vol_term", "basis"]
    elif isinstance(terms, PowerPerpetual):
        kinds += ["vol_level"]
    elif expiry_of(terms) is not None:
        kinds += ["basis"]
    elif has_entry(terms):
        kinds += ["premium", "funding"]
    found += [Factor(kind=kind, name=coin) for kind in kinds]
    return tuple(dict.fromkeys(found))


def worth_of(
    terms: Instrument,
    snapshot: Snapshot,
    scenarios: JointScenarios,
    *,
    horizon_days: float,
    vol_tenor_power: float,
) -> Outcome[Worth]:
    """Revalue one contract.

    Returns
    -------
    Worth or Failure
        A failure where a price, a vol or a factor of the instrument is missing.
    """
    for factor in factors_of(terms, snapshot):
        if factor not in scenarios.factors:
            return Failure(
                subject=terms.instrument_id,
                reason="missing_data",
                message=f"no scenario moves {factor.kind} of {factor.name}; name it and its "
                "deviation",
            )
    settlement = snapshot.asset(settlement_of(terms))
    if isinstance(settlement, Failure):
        return _about(terms, settlement)
    price = settlement.price_usd
    price_then = price * np.exp(_log_move(settlement_of(terms), snapshot, scenarios))
    count = len(scenarios)
    nothing = np.zeros(count)
    if is_asset_holding(terms):
        now = _unit_ccy(terms, snapshot)
        if isinstance(now, Failure):
            return now
        return Worth(now, np.full(count, now), price, price_then, nothing)
    if isinstance(terms, PowerPerpetual | ConstantProductShare | ConcentratedShare):
        units = _curved(terms, snapshot, scenarios, np.append(price, price_then))
        if isinstance(units, Failure):
            return units
        return Worth(float(units[0]), units[1:], price, price_then, nothing)
    if isinstance(terms, Option):
        optional = _option(terms, snapshot, scenarios, vol_tenor_power)
        if isinstance(optional, Failure):
            return optional
        units, told = optional
        return Worth(float(units[0]), units[1:], price, price_then, nothing, told)
    assert has_entry(terms), "a kind of instrument that nobody revalues"
    mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
    if isinstance(mark, Failure):
        return _about(terms, mark)
    mark_usd = to_model(mark)
    moved = _log_move(terms.underlying, snapshot, scenarios)
    expiry_ns = expiry_of(terms)
    paid = nothing
    if expiry_ns is not None:
        years = max(0.0, years_between(_now_ns(snapshot), expiry_ns))
        moved = moved + years * _move("basis", terms, snapshot, scenarios)
    else:
        moved = moved + _move("premium", terms, snapshot, scenarios)
    if is_inverse(terms):
        size = to_model(terms.multiplier_usd_per_contract)
        now_ccy, then_ccy = -size / mark_usd, -size / (mark_usd * np.exp(moved))
        notional_usd = size
        told = f"{figure(size)} / {figure(mark_usd)}"
    else:
        slope = to_model(slope_ccy_per_usd(terms))
        now_ccy, then_ccy = slope * mark_usd, slope * mark_usd * np.exp(moved)
        notional_usd = slope * mark_usd * price
        told = "" if slope == 1.0 else f"{figure(slope)} x {figure(mark_usd)}"
    if isinstance(terms, LinearPerpetual | InversePerpetual | QuantoPerpetual):
        times = horizon_days * 24.0 / 8.0
        paid = notional_usd * times * _move("funding", terms, snapshot, scenarios)
    return Worth(now_ccy, np.asarray(then_ccy), price, price_then, paid, told)


def _option(
    terms: Option, snapshot: Snapshot, scenarios: JointScenarios, power: float
) -> Outcome[tuple[Floats, str]]:
    """Give the unit now and in every scenario, shape (1 + scenarios,), and how now's comes about.

    Inside the settlement window only the part of the average still to come moves, as in
    `pricing.value`.
    """
    mark = snapshot.option(terms)
    if isinstance(mark, Failure):
        return _about(terms, mark)
    years = mark.expiry_years
    basis = years * _move("basis", terms, snapshot, scenarios)
    factor = np.exp(np.append(0.0, _log_move(terms.underlying, snapshot, scenarios) + basis))
    forward = mark.forward_usd * factor
    if mark.open_frac < 1.0:
        forward = mark.average_usd + mark.open_frac * (forward - mark.forward_usd)
    strike = to_model(terms.strike_usd)
    nearer = 30.0 / max(365.0 * years, _SHORT_DAYS)
    level = _move("vol_level", terms, snapshot, scenarios) * nearer**power
    level = level + _move("vol_term", terms, snapshot, scenarios) * np.log(nearer)
    skew = _move("vol_skew", terms, snapshot, scenarios) * np.log(strike / mark.forward_usd)
    vol = np.append(mark.vol_frac, np.maximum(mark.vol_frac * np.exp(level) + skew, 0.0))
    vol = vol * mark.vol_scale_frac
    worth = value_usd(
        forward,
        np.full_like(forward, strike),
        vol,
        np.full_like(forward, years),
        np.full(forward.shape, terms.right == "call"),
    )
    unit = worth / forward if terms.is_coin_settled else worth
    size = to_model(terms.multiplier_coin_per_contract)
    return np.asarray(size * unit), _option_told(
        terms, size, float(forward[0]), float(vol[0]), years
    )


def _option_told(
    terms: Option, size_coin: float, forward_usd: float, vol_frac: float, years: float
) -> str:
    """Say what an option is worth; nothing where Black's formula has no vol or no time."""
    if not vol_frac * years > 0.0:
        return ""
    forward = figure(forward_usd)
    told = (
        f"{terms.right}(F {forward}, K {figure(to_model(terms.strike_usd))}, "
        f"vol {figure(vol_frac)}, years {figure(years)})"
    )
    if terms.is_coin_settled:
        told += f" / {forward}"
    return told if size_coin == 1.0 else f"{figure(size_coin)} x {told}"


def _unit_ccy(terms: Instrument, snapshot: Snapshot) -> Outcome[float]:
    """Ask the pricing room for one contract alone."""
    one = Account(
        account_id="one",
        venue="none",
        currency="USD",
        rulebook=None,
        positions=(Position(instrument_id=terms.instrument_id, quantity_contracts=_ONE),),
        balances=(),
        time_observed_ns=snapshot.time_ns,
    )
    values = value(book([one], {terms.instrument_id: terms}), snapshot)
    return values.missing[0] if values.missing else float(values.unit_ccy[0])


def _curved(
    terms: PowerPerpetual | ConstantProductShare | ConcentratedShare,
    snapshot: Snapshot,
    scenarios: JointScenarios,
    settlement_usd: Floats,
) -> Outcome[Floats]:
    """Give the unit of a pool share or a power now and in every scenario, by its own formula."""
    factor = np.exp(np.append(0.0, _log_move(terms.underlying, snapshot, scenarios)))
    if isinstance(terms, PowerPerpetual):
        mark = snapshot.power(terms)
        if isinstance(mark, Failure):
            return _about(terms, mark)
        vol = np.exp(np.append(0.0, _move("vol_level", terms, snapshot, scenarios)))
        token = power_perpetuals_at_premium(
            quantity_contracts=1.0,
            price_usd=mark.price_usd * factor,
            norm_factor_frac=np.full(len(factor), mark.norm_factor_frac),
            price_recorded_usd=np.full(len(factor), mark.price_underlying_recorded_usd),
            price_mark_recorded_usd=np.full(len(factor), mark.price_mark_recorded_usd),
            vol_factor_frac=mark.vol_factor_frac * vol,
            vol_shift_frac=mark.vol_shift_frac,
            elapsed_years=mark.elapsed_years,
            exponent_power=float(terms.exponent_power),
            scale_usd=to_model(terms.scale_usd),
            funding_years=terms.funding_period_ns / YEAR_NS,
        )
        return np.asarray(token.value_usd / settlement_usd)
    spot = snapshot.spot_usd(terms.underlying)
    if isinstance(spot, Failure):
        return _about(terms, spot)
    # The pool's price is in the settlement asset, so a broken peg moves it.
    price = to_model(spot) * factor / settlement_usd
    if isinstance(terms, ConstantProductShare):
        share = constant_product_shares(liquidity_contracts=1.0, price_usd=price)
    else:
        share = concentrated_shares(
            liquidity_contracts=1.0,
            price_usd=price,
            price_lower_usd=to_model(terms.price_lower_usd),
            price_upper_usd=to_model(terms.price_upper_usd),
        )
    return np.asarray(share.value_usd)


def _price_factors(asset: str, snapshot: Snapshot) -> list[Factor]:
    if asset in snapshot.dollars_usd:
        return [Factor(kind="peg", name=asset)]
    if asset in snapshot.stakings:
        return [*_price_factors(snapshot.coin_of(asset), snapshot), Factor(kind="peg", name=asset)]
    return [Factor(kind="spot", name=asset)]


def _log_move(asset: str, snapshot: Snapshot, scenarios: JointScenarios) -> Floats:
    total = np.zeros(len(scenarios))
    for factor in _price_factors(asset, snapshot):
        total = total + scenarios.moves_log_or_frac[:, scenarios.factors.index(factor)]
    return total


def _move(
    kind: FactorKind, terms: Instrument, snapshot: Snapshot, scenarios: JointScenarios
) -> Floats:
    coin = snapshot.coin_of(underlying_of(terms))
    factor = Factor(kind=kind, name=coin)
    return scenarios.moves_log_or_frac[:, scenarios.factors.index(factor)]


def _now_ns(snapshot: Snapshot) -> int:
    return snapshot.time_ns + snapshot.shock.time_forward_ns


def _about(terms: Instrument, trouble: Failure) -> Failure:
    """Say which leg has no answer, keeping the cause."""
    return Failure(subject=terms.instrument_id, reason=trouble.reason, message=trouble.message)
