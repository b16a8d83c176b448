"""Trade each coin's delta back to where its band says, and no further.

The band is that of the policy (Whalley and Wilmott's, to the nearest edge, where none is named),
never wider than a soft limit on the coin's delta. A trade larger than the book or the budget holds
is cut to what fits.

The delta is the desk's dollar delta in coins, everything included: options, perpetuals, loans, coin
balances, amounts on their way between accounts. Each trade makes the delta smaller, so it may rest
on an estimate; a delta with something missing is not traded on at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure import ExposureRow
from hedgerow.hedging.bands import whalley_wilmott_halfwidth_coin
from hedgerow.hedging.cost import crossing_cost_ccy
from hedgerow.hedging.held_band import band_held, delta_at_vols, half_spread_frac, inputs_of
from hedgerow.hedging.narrowing import Ends, Narrowing, inside_limits
from hedgerow.hedging.records import NO_CAPS, Caps, HedgePolicy, Trade, TradePlan
from hedgerow.instruments import LinearPerpetual
from hedgerow.limits import Survey
from hedgerow.margin import are_both_sides_held
from hedgerow.market import Ladder
from hedgerow.pricing import GREEKS
from hedgerow.units import YEAR_NS, quantise, scaled, to_exact, to_model

__all__ = ["band_halfwidth_coin", "plan"]


def plan(
    policies: Iterable[HedgePolicy],
    survey: Survey,
    perpetuals: Iterable[LinearPerpetual],
    caps: Caps = NO_CAPS,
    *,
    is_once: bool = False,
) -> TradePlan:
    """Find the trades that bring every hedged coin back inside its band.

    Parameters
    ----------
    perpetuals
        Terms of the hedge instruments, held or not.
    caps
        What the budget still allows. A trade goes as far as budget and book let it, and what is
        left of it is named in `unmet`.
    is_once
        Whoever looks once, and not again and again, is told of a policy that hedges at times what
        it would do at the next of them.
    """
    terms = {perpetual.instrument_id: perpetual for perpetual in perpetuals}
    trades: list[Trade] = []
    unmet: list[Failure] = []
    left_usd = caps.left_usd
    for policy in policies:
        perpetual = terms[policy.instrument_id]
        wish = _wish(policy, survey, perpetual, is_once=is_once)
        if isinstance(wish, Failure):
            unmet.append(wish)
        elif wish is not None:
            trade, shortfall = _cut(wish, policy, perpetual, caps.order_usd_max, left_usd)
            if shortfall is not None:
                unmet.append(shortfall)
            if trade is not None:
                trades.append(trade)
                if left_usd is not None:
                    left_usd -= _value_usd(wish, perpetual, abs(trade.quantity_contracts))
    return TradePlan(trades=tuple(trades), unmet=tuple(unmet))


def band_halfwidth_coin(
    policy: HedgePolicy, row: ExposureRow, spot_usd: float, half_spread_frac: float
) -> float:
    """Give the plain band's half width for one coin's row, never below the policy's minimum."""
    assert policy.risk_aversion_per_usd is not None, "the plain band has a risk aversion"
    # The row holds gamma for a move of 1 %: Γ·S²/100.
    gamma_coin_per_usd = row.gamma_usd_per_pct * 100.0 / spot_usd**2
    width = whalley_wilmott_halfwidth_coin(
        cost_frac=policy.fee_taker_frac + half_spread_frac,
        price_usd=spot_usd,
        gamma_coin_per_usd=gamma_coin_per_usd,
        risk_aversion_per_usd=policy.risk_aversion_per_usd,
    )
    return max(width, policy.band_min_coin)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A trade as the band alone would have it."""

    quantity_contracts: Decimal
    mark_usd: Decimal
    limit_usd: Decimal
    price_paid_usd: float  # what one coin is worth that the perpetual pays in
    ladder: Ladder
    delta_coin: float
    size_coin: float
    halfwidth_coin: float
    narrowing: Narrowing | None


def _wish(
    policy: HedgePolicy, survey: Survey, perpetual: LinearPerpetual, *, is_once: bool
) -> Outcome[_Wish | None]:
    row = _row_of(policy, survey)
    if row is None or isinstance(row, Failure):
        return row
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
    found = _ends(policy, survey, perpetual, row, to_model(spot), half_spread_frac(ladder))
    if isinstance(found, Failure):
        return found
    wide, interval_ns = found
    if interval_ns is not None and not is_once and not _is_time(policy, survey, interval_ns):
        return None
    ends, narrowing = inside_limits(policy.underlying, survey, to_model(spot), wide)
    delta = row.delta_spot_coin
    assert delta is not None, "a row without one is a failure"
    if ends.low_coin <= delta <= ends.high_coin:
        return None
    if _holds_both_sides(policy, survey, perpetual):
        return Failure(
            subject=policy.underlying,
            reason="unsupported",
            message=f"{policy.account_id} holds both sides of {perpetual.instrument_id}, and "
            "which of them an order joins is not known",
        )
    # One contract moves like this many coins: the mark moves in proportion to spot, and pays in a
    # dollar coin that has a price of its own (as `pricing.value` has it).
    paid = snapshot.asset(perpetual.settlement)
    if isinstance(paid, Failure):
        return paid
    notional_ccy = to_model(perpetual.multiplier_coin_per_contract * mark)
    size = notional_ccy * paid.price_usd / to_model(spot)
    goal = ends.to_high_coin if delta > ends.high_coin else ends.to_low_coin
    # Towards zero, so that rounding to lots never crosses the band.
    lots = to_exact(abs(goal - delta) / size, perpetual.lot_contracts, "down")
    if lots == 0:
        return None
    quantity = lots if goal > delta else -lots
    return _Wish(
        quantity_contracts=quantity,
        mark_usd=mark,
        limit_usd=_limit_usd(
            mark, policy.slippage_limit_frac, perpetual.tick_usd, is_buy=quantity > 0
        ),
        price_paid_usd=paid.price_usd,
        ladder=ladder,
        delta_coin=delta,
        size_coin=size,
        halfwidth_coin=0.5 * (ends.high_coin - ends.low_coin),
        narrowing=narrowing,
    )


def _holds_both_sides(policy: HedgePolicy, survey: Survey, perpetual: LinearPerpetual) -> bool:
    return any(
        account.account_id == policy.account_id
        and are_both_sides_held(account, perpetual.instrument_id)
        for account in survey.book.accounts
    )


def _row_of(policy: HedgePolicy, survey: Survey) -> Outcome[ExposureRow | None]:
    """Give the coin's row with a delta that is known; None where nothing is held nor wanted."""
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
    return row


def _ends(
    policy: HedgePolicy,
    survey: Survey,
    perpetual: LinearPerpetual,
    row: ExposureRow,
    spot_usd: float,
    spread_half_frac: float,
) -> Outcome[tuple[Ends, int | None]]:
    """Give the policy's band, and the time between two hedges where it hedges at times."""
    if policy.band is None:
        width = band_halfwidth_coin(policy, row, spot_usd, spread_half_frac)
        low, high = policy.target_delta_coin - width, policy.target_delta_coin + width
        return Ends(low, high, low, high), None
    inputs = inputs_of(policy, survey, perpetual, spread_half_frac)
    if isinstance(inputs, Failure):
        return inputs
    found = band_held(policy.band, policy, inputs, delta_at_vols(survey, policy.underlying))
    if isinstance(found, Failure):
        return Failure(
            subject=policy.underlying,
            reason=found.reason,
            message=f"no band ({found.subject}): {found.message}",
        )
    interval_ns = None
    if found.interval_years is not None:
        interval_ns = max(round(found.interval_years * YEAR_NS), 1)
    ends = Ends(found.low_coin, found.high_coin, found.to_low_coin, found.to_high_coin)
    return ends, interval_ns


def _is_time(policy: HedgePolicy, survey: Survey, interval_ns: int) -> bool:
    """Say whether a multiple of the interval has come since the last look."""
    now_ns = survey.snapshot.time_ns
    return policy.look_ns == 0 or now_ns // interval_ns != (now_ns - policy.look_ns) // interval_ns


def _cut(
    wish: _Wish,
    policy: HedgePolicy,
    perpetual: LinearPerpetual,
    order_usd_max: Decimal | None,
    left_usd: Decimal | None,
) -> tuple[Trade | None, Failure | None]:
    """Cut a wish to what book and budget allow; say what stays undone."""
    wanted = abs(wish.quantity_contracts)
    rooms = {"the book within the price limit": _depth_contracts(wish)}
    unit_usd = _value_usd(wish, perpetual, Decimal(1))
    if order_usd_max is not None:
        rooms["the budget of one order"] = order_usd_max / unit_usd
    if left_usd is not None:
        rooms["the day's budget for orders"] = max(left_usd, Decimal(0)) / unit_usd
    narrow = min(rooms, key=lambda name: rooms[name])
    lots = quantise(min(wanted, rooms[narrow]), perpetual.lot_contracts, "down")
    shortfall = None
    if lots < wanted:
        shortfall = Failure(
            subject=policy.underlying,
            reason="no_source",
            message=f"hedged {lots} of {wanted} contracts wanted: {narrow} allows no more",
        )
    if lots == 0:
        return None, shortfall
    quantity = lots if wish.quantity_contracts > 0 else -lots
    size = perpetual.multiplier_coin_per_contract
    crossing = crossing_cost_ccy(wish.ladder, quantity, size)
    assert not isinstance(crossing, Failure), "cut to what the book holds"
    notional_usd = to_model(lots * size * wish.mark_usd) * wish.price_paid_usd
    return Trade(
        underlying=policy.underlying,
        instrument_id=perpetual.instrument_id,
        account_id=policy.account_id,
        quantity_contracts=quantity,
        price_limit_usd=wish.limit_usd,
        delta_before_coin=wish.delta_coin,
        delta_after_coin=wish.delta_coin + to_model(quantity) * wish.size_coin,
        band_halfwidth_coin=wish.halfwidth_coin,
        target_delta_coin=policy.target_delta_coin,
        crossing_usd=to_model(crossing) * wish.price_paid_usd,
        fee_usd=policy.fee_taker_frac * notional_usd,
        narrowing=wish.narrowing,
    ), shortfall


def _depth_contracts(wish: _Wish) -> Decimal:
    """Give what rests in the book at the price limit or better."""
    is_buy = wish.quantity_contracts > 0
    levels = wish.ladder.asks if is_buy else wish.ladder.bids
    within = (
        level.quantity_contracts
        for level in levels
        if (level.price_usd <= wish.limit_usd if is_buy else level.price_usd >= wish.limit_usd)
    )
    return sum(within, Decimal(0))


def _value_usd(wish: _Wish, perpetual: LinearPerpetual, contracts: Decimal) -> Decimal:
    """Value contracts as the guards do: at the limit or the mark, whichever is more."""
    price = max(wish.limit_usd, wish.mark_usd)
    return contracts * perpetual.multiplier_coin_per_contract * price


def _nothing(node: str, missing: tuple[Failure, ...]) -> ExposureRow:
    """Give the row of a coin nobody holds."""
    return ExposureRow(
        node=node,
        value_usd=0.0,
        delta_spot_usd=0.0,
        delta_spot_coin=0.0,
        delta_premium_adjusted_coin=0.0,
        is_estimate=False,
        missing=missing,
        **dict.fromkeys(GREEKS, 0.0),
    )


def _limit_usd(
    mark_usd: Decimal, slippage_frac: float, tick_usd: Decimal, *, is_buy: bool
) -> Decimal:
    """Give the worst price accepted, rounded to a tick against the order (never paying more)."""
    slippage_usd = scaled(mark_usd, slippage_frac)
    if is_buy:
        return quantise(mark_usd + slippage_usd, tick_usd, "down")
    return quantise(mark_usd - slippage_usd, tick_usd, "up")
