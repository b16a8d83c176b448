"""What ``hedgerow hedge bands`` does: every policy's band for every hedged coin. Sends nothing."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from hedgerow.app.asked import heading_of, looked_at, opened, show
from hedgerow.app.desk import Desk
from hedgerow.app.hedge_request import BandsAsked
from hedgerow.app.lengths import length_ns
from hedgerow.app.options import Source
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import DeskRejected, Failure, Outcome, RequestRejected
from hedgerow.hedging import (
    BAND_KINDS,
    Band,
    BandKind,
    Ends,
    HedgeBudget,
    HedgePolicy,
    band_held,
    bands_across,
    delta_at_vols,
    half_spread_frac,
    inputs_of,
    inside_limits,
)
from hedgerow.hedging.plan import band_halfwidth_coin
from hedgerow.limits import Survey
from hedgerow.reporting import CoinBands, band_tables, bands_svg, builtins_of
from hedgerow.units import percent

__all__ = ["show_bands"]

# Of spot, for the drawing: a tenth either way, in equal logs.
_MOVES = tuple(float(each) for each in np.exp(np.linspace(-0.105, 0.105, 43)) - 1.0)


def show_bands(source: Source, asked: BandsAsked, *, as_json: bool) -> int:
    """Print a table of every policy's band for each hedged coin, and draw one coin's."""
    if asked.budget_bps_per_day is not None and asked.shortfall_usd is not None:
        raise RequestRejected("--budget and --shortfall: choose one; a band follows from either")
    interval_ns = length_ns("--interval", asked.interval)
    if asked.plot is not None:
        check_plot(asked.plot)
    desk, market, at_ns = opened(source)
    policies = _policies(desk, asked.coin)
    if asked.plot is not None and len(policies) != 1:
        named = ", ".join(each.underlying for each in policies)
        raise DeskRejected(f"--plot draws one coin: name it with --coin, of {named}")
    state = looked_at(desk, market, at_ns)
    found: dict[str, Outcome[CoinBands]] = {}
    for policy in policies:
        found[policy.underlying] = _of_coin(
            desk, state, _changed(policy, asked, interval_ns), policy
        )
    if asked.plot is not None:
        _draw(asked.plot, state, found, as_json=as_json)
    payload = {
        name: {"unknown": builtins_of(each)} if isinstance(each, Failure) else builtins_of(each)
        for name, each in found.items()
    }
    show(payload, band_tables(found, heading=heading_of(state)), as_json=as_json)
    return status(_troubles(found), is_quiet=as_json)


def _changed(policy: HedgePolicy, asked: BandsAsked, interval_ns: int | None) -> HedgePolicy:
    """Give a policy of the desk file with what was asked for in place of what it says."""
    if asked.budget_bps_per_day is not None or asked.shortfall_usd is not None:
        budget = HedgeBudget(
            cost_bps_per_day=asked.budget_bps_per_day, shortfall_usd=asked.shortfall_usd
        )
        policy = replace(policy, budget=budget)
    if asked.fixed_cost_usd is not None:
        policy = replace(policy, fixed_cost_usd=asked.fixed_cost_usd)
    return policy if interval_ns is None else replace(policy, interval_ns=interval_ns)


def _policies(desk: Desk, coin: str | None) -> list[HedgePolicy]:
    found = [each for each in desk.hedges if coin in (None, each.underlying)]
    if not found:
        there = ", ".join(each.underlying for each in desk.hedges)
        if not there:
            raise DeskRejected(
                "the desk file hedges no coin: write a [[hedges]] table, which says with which "
                "perpetual of which account a coin's delta is held (docs/how-to/your-own-desk.md)"
            )
        raise DeskRejected(f"the desk file has no [[hedges]] for {coin}; it hedges {there}")
    return found


def _of_coin(
    desk: Desk, state: Survey, asked: HedgePolicy, policy: HedgePolicy
) -> Outcome[CoinBands]:
    coin = policy.underlying
    perpetual = next(each for each in desk.perpetuals if each.instrument_id == policy.instrument_id)
    ladder = state.snapshot.ladder(perpetual.instrument_id)
    if isinstance(ladder, Failure):
        return ladder
    inputs = inputs_of(asked, state, perpetual, half_spread_frac(ladder))
    if isinstance(inputs, Failure):
        return inputs
    delta_at = delta_at_vols(state, coin)
    row = state.exposures.row(f"coin/{coin}")
    plain = None
    if policy.band is None and not isinstance(row, Failure):
        plain = band_halfwidth_coin(policy, row, inputs.price_usd, half_spread_frac(ladder))
    bands = {kind: band_held(kind, asked, inputs, delta_at) for kind in BAND_KINDS}
    ends = _ends(policy, plain, bands)
    narrowing = None
    if ends is not None:
        _, narrowing = inside_limits(coin, state, inputs.price_usd, ends)
    return CoinBands(
        inputs=inputs,
        delta_coin=0.0 if isinstance(row, Failure) else row.delta_spot_coin,
        budget=_budget(asked),
        used=policy.band,
        plain_halfwidth_coin=plain,
        bands=bands,
        narrowing=narrowing,
    )


def _ends(
    policy: HedgePolicy, plain_halfwidth_coin: float | None, bands: Mapping[BandKind, Outcome[Band]]
) -> Ends | None:
    """Give the band that the desk's policy has by its costs; None where it is not known."""
    if policy.band is not None:
        found = bands[policy.band]
        if isinstance(found, Failure):
            return None
        return Ends(found.low_coin, found.high_coin, found.to_low_coin, found.to_high_coin)
    if plain_halfwidth_coin is None:
        return None
    low, high = (policy.target_delta_coin + side * plain_halfwidth_coin for side in (-1, 1))
    return Ends(low, high, low, high)


def _budget(policy: HedgePolicy) -> str:
    budget = policy.budget
    if budget is None:
        given = policy.risk_aversion_per_usd
        return "No budget is given." if given is None else f"Risk aversion {given:g} per USD."
    if budget.cost_bps_per_day is not None:
        return f"Budget: {budget.cost_bps_per_day:g} bp of the notional a day."
    return (
        f"Budget: a shortfall of {budget.shortfall_usd:,.0f} USD a day, the mean of the worst "
        f"{percent(1 - budget.level_frac)}."
    )


def _draw(
    plot: Path, state: Survey, found: Mapping[str, Outcome[CoinBands]], *, as_json: bool
) -> None:
    ((coin, made),) = found.items()
    if isinstance(made, Failure):
        raise DeskRejected(f"--plot: {made.message}")
    across = bands_across(state, coin, made.inputs, made.bands, _MOVES)
    if not across.low_coin:
        raise DeskRejected(f"--plot: no band of {coin} is known")
    write_plot(plot, bands_svg(coin, across), as_json=as_json)


def _troubles(found: Mapping[str, Outcome[CoinBands]]) -> list[str]:
    """Say what the desk itself could not hedge by."""
    told = []
    for coin, made in found.items():
        if isinstance(made, Failure):
            told.append(f"the bands of {coin} are unknown: {made.message}")
        elif made.used is not None and not isinstance(made.bands[made.used], Band):
            told.append(f"the band of {coin} that the desk hedges by is unknown")
    return told
