"""The band of one coin's delta, from the desk as it stands.

A `HedgePolicy` enters and the survey of a desk, valued anew where a policy asks what gamma is a
day's deviation away, or what the delta is at other vols. What leaves is a `BandInputs` and a
`Band`; what is missing of them is a `Failure`, and nothing is traded on.
"""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure import ExposureRow, Place, aggregate
from hedgerow.hedging.band_budget import risk_aversion_for_budget
from hedgerow.hedging.band_policies import DAYS_PER_YEAR, DeltaAt, band, needs_risk_aversion
from hedgerow.hedging.band_records import Band, BandInputs, BandKind
from hedgerow.hedging.records import HedgePolicy
from hedgerow.instruments import LinearPerpetual, Option, expiry_of
from hedgerow.limits import Survey
from hedgerow.market import Ladder, Shock
from hedgerow.pricing import value
from hedgerow.units import YEAR_NS, format_ns, to_model

__all__ = ["band_held", "delta_at_vols", "half_spread_frac", "inputs_of", "row_under"]

# Where gamma is looked at, in deviations of a day, with the weights of the trapezium rule.
_LOOKS: Final = ((-1.0, 0.125), (-0.5, 0.25), (0.0, 0.25), (0.5, 0.25), (1.0, 0.125))


def half_spread_frac(ladder: Ladder) -> float:
    """Give how far the best ask is above the middle."""
    return to_model((ladder.asks[0].price_usd / ladder.price_mid_usd) - 1)


def inputs_of(
    policy: HedgePolicy, survey: Survey, perpetual: LinearPerpetual, spread_half_frac: float
) -> Outcome[BandInputs]:
    """Gather what every band of one coin is made from.

    The floor of gamma is the average of its size within a day's deviation, by revaluation. The time
    to expiry is that of the options held, weighted with the size of the gamma of each expiry in
    each account. The notional is that of the coins which the options held are on, bought or sold;
    without options, of what other accounts than the hedge's hold of the coin.
    """
    coin = policy.underlying
    if policy.vol_frac is None:
        return Failure(
            subject=coin,
            reason="missing_data",
            message=f"no vol of {coin} is given, of which costs and bands are made; write [vols]",
        )
    spot = survey.snapshot.spot_usd(coin)
    if isinstance(spot, Failure):
        return spot
    mark = survey.snapshot.mark_usd(perpetual.instrument_id, perpetual.underlying)
    if isinstance(mark, Failure):
        return mark
    price_usd = to_model(spot)
    gammas = _gammas(survey, coin, price_usd, policy.vol_frac / math.sqrt(DAYS_PER_YEAR))
    if isinstance(gammas, Failure):
        return gammas
    held_coin = _coins_held(survey, policy)
    if held_coin == 0.0 and policy.budget is not None and policy.budget.cost_bps_per_day:
        return Failure(
            subject=coin,
            reason="missing_data",
            message=f"nothing of {coin} is held besides the hedge, so no budget is a part of it",
        )
    lot = perpetual.lot_contracts * perpetual.multiplier_coin_per_contract * mark / spot
    return BandInputs(
        price_usd=price_usd,
        vol_frac=policy.vol_frac,
        cost_frac=policy.fee_taker_frac + spread_half_frac,
        gamma_coin_per_usd=gammas.net_coin_per_usd,
        gamma_floor_coin_per_usd=gammas.floor_coin_per_usd,
        notional_usd=price_usd * (held_coin or 1.0),  # without a cost budget a scale and no more
        fixed_cost_usd=policy.fixed_cost_usd,
        lot_coin=to_model(lot),
        time_years=_time_years(survey, coin),
        target_coin=policy.target_delta_coin,
        halfwidth_min_coin=policy.band_min_coin,
        interval_years=None if policy.interval_ns is None else policy.interval_ns / YEAR_NS,
        look_years=policy.look_ns / YEAR_NS,
        delta_regime=survey.exposures.vol_regime,
    )


def band_held(
    kind: BandKind, policy: HedgePolicy, inputs: BandInputs, delta_at: DeltaAt
) -> Outcome[Band]:
    """Give one policy's band, by the risk aversion that was given or that the budget allows."""
    aversion: Outcome[float] | None = policy.risk_aversion_per_usd
    if needs_risk_aversion(kind, inputs):
        if policy.budget is not None:
            aversion = risk_aversion_for_budget(kind, inputs, policy.budget)
        if isinstance(aversion, Failure):
            return aversion
        if aversion is None:
            return Failure(
                subject=kind,
                reason="missing_data",
                message="it follows from a risk aversion, and neither that nor a budget is given",
            )
    assert not isinstance(aversion, Failure), "only looked for where it is needed"
    return band(kind, inputs, aversion, delta_at)


def delta_at_vols(survey: Survey, coin: str, spot_factor_frac: float = 1.0) -> DeltaAt:
    """Give the function that says the desk's delta in a coin with every vol times a factor."""
    spots = {} if spot_factor_frac == 1.0 else {coin: spot_factor_frac}

    def delta_coin(factor: float) -> Outcome[float]:
        row = row_under(survey, coin, Shock(spot_factor_frac=spots, vol_factor_frac=factor))
        if isinstance(row, Failure):
            return row
        assert row.delta_spot_coin is not None, "the row of a coin has its delta in coin"
        return row.delta_spot_coin

    return delta_coin


def row_under(survey: Survey, coin: str, shock: Shock) -> Outcome[ExposureRow]:
    """Value the desk in a shocked market; a row with anything missing is a failure."""
    exposures = survey.exposures
    if shock != Shock():
        shocked = survey.snapshot.shocked(shock)
        exposures = aggregate(survey.book, value(survey.book, shocked), shocked)
    row = exposures.row(f"coin/{coin}")
    if isinstance(row, ExposureRow) and row.missing:
        return row.missing[0]
    return row


class _Gammas(NamedTuple):
    """Of a book here, and its size on average within a deviation."""

    net_coin_per_usd: float
    floor_coin_per_usd: float


def _gammas(survey: Survey, coin: str, price_usd: float, deviation_log: float) -> Outcome[_Gammas]:
    """Give net gamma, and the average of its size within a deviation; none where none is held."""
    if isinstance(survey.exposures.row(f"coin/{coin}"), Failure):
        desk = survey.exposures.row("desk")
        assert not isinstance(desk, Failure), "every table has a row for the desk"
        return desk.missing[0] if desk.missing else _Gammas(0.0, 0.0)
    net, floor = 0.0, 0.0
    for deviations, weight in _LOOKS:
        factor = math.exp(deviations * deviation_log)
        shock = Shock(spot_factor_frac={coin: factor}) if deviations else Shock()
        row = row_under(survey, coin, shock)
        if isinstance(row, Failure):
            return row
        # The row holds gamma for a move of 1 %: Γ·S²/100.
        gamma = row.gamma_usd_per_pct * 100.0 / (price_usd * factor) ** 2
        floor += weight * abs(gamma)
        net = net if deviations else gamma
    return _Gammas(net, floor)


def _time_years(survey: Survey, coin: str) -> float | None:
    now_ns = survey.snapshot.time_ns + survey.snapshot.shock.time_forward_ns
    expiries = {
        format_ns(expiry_ns)[:10]: expiry_ns
        for each in survey.book.instruments
        if isinstance(each, Option) and (expiry_ns := expiry_of(each)) is not None
    }
    found = [
        (abs(row.gamma_usd_per_pct), max(expiries[day] - now_ns, 0) / YEAR_NS)
        for day, row in _by_expiry(survey, coin)
        if day in expiries
    ]
    weight = math.fsum(gamma for gamma, _ in found)
    if weight == 0.0:
        return None
    return math.fsum(gamma * years for gamma, years in found) / weight


def _by_expiry(survey: Survey, coin: str) -> Iterator[tuple[str, ExposureRow]]:
    """Give the rows ``desk/VENUE/ACCOUNT/COIN/DAY`` of one coin."""
    for row in survey.exposures.rows:
        place = Place.of(row.node)
        if place is not None and place.coin == coin and place.expiry is not None:
            yield place.expiry, row


def _coins_held(survey: Survey, policy: HedgePolicy) -> float:
    of_options, of_others = 0.0, 0.0
    book, coin = survey.book, policy.underlying
    for at, quantity in zip(
        book.holding_instrument_index, book.holding_quantity_contracts, strict=True
    ):
        terms = book.instruments[at]
        if isinstance(terms, Option) and survey.snapshot.coin_of(terms.underlying) == coin:
            of_options += abs(float(quantity)) * to_model(terms.multiplier_coin_per_contract)
    if of_options:
        return of_options
    for row in survey.exposures.rows:
        place = Place.of(row.node)
        if place is None or place.account_id in (None, policy.account_id):
            continue
        if place.coin == coin and place.expiry is None:
            of_others += abs(row.delta_spot_coin or 0.0)
    return of_others
