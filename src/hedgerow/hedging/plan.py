"""Trade each coin's delta back to the nearest edge of its band, and no further.

The delta is the desk's dollar delta in coins, everything included: options, perpetuals, loans, coin
balances, amounts on their way between accounts. Each trade makes the delta smaller, so it may rest
on an estimate; a delta with something missing is not traded on at all.
"""

from collections.abc import Iterable
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure import ExposureRow
from hedgerow.hedging.bands import whalley_wilmott_halfwidth_coin
from hedgerow.hedging.cost import crossing_cost_usd
from hedgerow.hedging.records import HedgePolicy, Trade, TradePlan
from hedgerow.instruments import LinearPerpetual
from hedgerow.limits import Survey
from hedgerow.units import quantise, to_exact, to_model

__all__ = ["band_halfwidth_coin", "plan"]


def plan(
    policies: Iterable[HedgePolicy], survey: Survey, perpetuals: Iterable[LinearPerpetual]
) -> TradePlan:
    """Find the trades that bring every hedged coin back inside its band.

    Parameters
    ----------
    perpetuals
        Terms of the hedge instruments, held or not.
    """
    terms = {perpetual.instrument_id: perpetual for perpetual in perpetuals}
    trades: list[Trade] = []
    unmet: list[Failure] = []
    for policy in policies:
        outcome = _hedge(policy, survey, terms[policy.instrument_id])
        if isinstance(outcome, Failure):
            unmet.append(outcome)
        elif outcome is not None:
            trades.append(outcome)
    return TradePlan(trades=tuple(trades), unmet=tuple(unmet))


def band_halfwidth_coin(
    policy: HedgePolicy, row: ExposureRow, spot_usd: float, half_spread_frac: float
) -> float:
    """Give the band's half width for one coin's row, never below the policy's minimum."""
    # The row holds gamma for a move of 1 %: Γ·S²/100.
    gamma_coin_per_usd = row.gamma_usd_per_pct * 100.0 / spot_usd**2
    width = whalley_wilmott_halfwidth_coin(
        cost_frac=policy.fee_taker_frac + half_spread_frac,
        price_usd=spot_usd,
        gamma_coin_per_usd=gamma_coin_per_usd,
        risk_aversion_per_usd=policy.risk_aversion_per_usd,
    )
    return max(width, policy.band_min_coin)


def _hedge(
    policy: HedgePolicy, survey: Survey, perpetual: LinearPerpetual
) -> Outcome[Trade | None]:
    row = survey.exposures.row(f"coin/{policy.underlying}")
    if isinstance(row, Failure):
        # Nothing of this coin is held. That is on target where the target is nothing; elsewhere
        # the delta is known to be zero only if the whole desk is known.
        if policy.target_delta_coin == 0.0:
            return None
        desk = survey.exposures.row("desk")
        assert not isinstance(desk, Failure), "every table has a row for the desk"
        row = _nothing(f"coin/{policy.underlying}", desk.missing)
    if row.missing or row.delta_spot_coin is None:
        names = ", ".join(sorted({failure.subject for failure in row.missing}))
        return Failure(
            subject=policy.underlying,
            reason="missing_data",
            message=f"delta is incomplete, not traded on; missing: {names}",
        )
    snapshot = survey.snapshot
    spot = snapshot.spot_usd(policy.underlying)
    if isinstance(spot, Failure):
        return spot
    mark = snapshot.mark_usd(perpetual.instrument_id, perpetual.underlying)
    if isinstance(mark, Failure):
        return mark
    ladder = snapshot.ladder(perpetual.instrument_id)
    if isinstance(ladder, Failure):
        return ladder
    half_spread = to_model((ladder.asks[0].price_usd / ladder.price_mid_usd) - 1)
    width = band_halfwidth_coin(policy, row, to_model(spot), half_spread)

    excess = row.delta_spot_coin - policy.target_delta_coin
    if abs(excess) <= width:
        return None
    edge = width if excess > 0 else -width
    size = to_model(perpetual.multiplier_coin_per_contract)
    # Towards zero, so that rounding to lots never crosses the band.
    wanted = abs(edge - excess) / size
    lots = to_exact(wanted, perpetual.lot_contracts, "down")
    if lots == 0:
        return None
    quantity = lots if edge > excess else -lots
    crossing = crossing_cost_usd(ladder, quantity, perpetual.multiplier_coin_per_contract)
    if isinstance(crossing, Failure):
        return crossing
    notional_usd = to_model(lots) * size * to_model(mark)
    return Trade(
        underlying=policy.underlying,
        instrument_id=perpetual.instrument_id,
        account_id=policy.account_id,
        quantity_contracts=quantity,
        price_limit_usd=_limit_usd(mark, quantity, policy.slippage_limit_frac, perpetual.tick_usd),
        delta_before_coin=row.delta_spot_coin,
        delta_after_coin=row.delta_spot_coin + to_model(quantity) * size,
        band_halfwidth_coin=width,
        target_delta_coin=policy.target_delta_coin,
        cost_expected_usd=to_model(crossing) + policy.fee_taker_frac * notional_usd,
    )


def _nothing(node: str, missing: tuple[Failure, ...]) -> ExposureRow:
    """Give the row of a coin nobody holds."""
    return ExposureRow(
        node=node,
        value_usd=0.0,
        delta_spot_usd=0.0,
        delta_spot_coin=0.0,
        delta_premium_adjusted_coin=0.0,
        gamma_usd_per_pct=0.0,
        vega_usd_per_volpt=0.0,
        theta_usd_per_day=0.0,
        is_estimate=False,
        missing=missing,
    )


def _limit_usd(mark: Decimal, quantity: Decimal, slippage_frac: float, tick: Decimal) -> Decimal:
    """Give the worst price accepted, rounded to a tick against the order (never paying more)."""
    if quantity > 0:
        return quantise(mark * (1 + Decimal(repr(slippage_frac))), tick, "down")
    return quantise(mark * (1 - Decimal(repr(slippage_frac))), tick, "up")
