"""What ``hedgerow hedge pool`` does: a perpetual against a share's delta, options its gamma."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.app.asked import show
from hedgerow.app.chain_request import ChainSource
from hedgerow.app.chain_source import standing
from hedgerow.app.holding_asks import PoolAsked
from hedgerow.app.pool_options import OptionsHeld, pool_options
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import OutOfDomain, RequestRejected
from hedgerow.hedging.structures import PoolHedge, pool_hedge
from hedgerow.pricing import concentrated_shares, constant_product_shares
from hedgerow.reporting import builtins_of
from hedgerow.reporting.coin_hedges import PoolShown, moves_svg, pool_tables
from hedgerow.reporting.curves import Curve
from hedgerow.units import to_model

__all__ = ["show_pool"]

_MOVES = np.linspace(-0.4, 0.4, 81)


class _Share(NamedTuple):
    price_usd: float
    liquidity_contracts: float


def show_pool(
    asked: PoolAsked, source: ChainSource, *, at: str | None, plot: Path | None, as_json: bool
) -> int:
    """Print what is traded against a pool share, and what it leaves.

    Raises
    ------
    RequestRejected, RecordingRejected
        If something it needs is missing, or cannot be meant.
    """
    if plot is not None:
        check_plot(plot)
    if (source.chains is None) != (asked.gamma_max_coin_per_usd is None):
        raise RequestRejected("--chains and --gamma-max go together: options against the gamma")
    if source.chains is None and (at is not None or asked.expiry is not None):
        raise RequestRejected("--at and --expiry go with --chains")
    try:
        share = _share(asked)
        hedge = _hedge(asked, share)
        held: OptionsHeld | None = None
        if source.chains is not None:
            _, found = standing(source, at, with_futures=False)
            held = pool_options(asked, hedge, found[0][-1], share.price_usd)
    except OutOfDomain as bad:
        raise RequestRejected(str(bad)) from bad
    fees = asked.fees_frac_per_year
    if fees is not None and hedge.gamma_coin_per_usd == 0.0:
        fees = 0.0  # out of its range nobody trades against it
    shown = PoolShown(
        coin=source.coin or "the coin",
        price_usd=share.price_usd,
        hedge=hedge,
        loss_usd_per_year=None if asked.vol_frac is None else hedge.loss_usd_per_year,
        fees_usd_per_year=None if fees is None else fees * hedge.value_usd,
        options=None if held is None else held.shown,
    )
    if plot is not None:
        write_plot(plot, _drawing(asked, share, shown, held), as_json=as_json)
    payload = builtins_of(shown)
    # The loss of a vol that nobody told, and a move that is none, are no numbers.
    if asked.vol_frac is None:
        payload["hedge"]["loss_usd_per_year"] = None
    if not np.isfinite(hedge.band_frac):
        payload["hedge"]["band_frac"] = None
    show(payload, pool_tables(shown), as_json=as_json)
    missed = () if held is None else held.shown.choice.conflicts
    return status(
        [f"options and perpetual cannot do it: {', '.join(missed)}"] if missed else [],
        is_quiet=as_json,
    )


def _share(asked: PoolAsked) -> _Share:
    price = asked.price_usd
    if price is None:
        raise RequestRejected("--price is missing")
    if (asked.liquidity_contracts is None) == (asked.value_share_usd is None):
        raise RequestRejected("--liquidity or --value: one of them says how large the share is")
    low, high = asked.price_lower_usd, asked.price_upper_usd
    if low is not None and high is not None and low >= high:
        raise RequestRejected(f"--lower {low:.12g} must lie below --upper {high:.12g}")
    if asked.liquidity_contracts is not None:
        return _Share(price, asked.liquidity_contracts)
    assert asked.value_share_usd is not None
    one = _value_usd(asked, 1.0, np.array([price]))[0]
    if not one > 0.0:
        raise RequestRejected("--value: a share of this range is worth nothing here")
    return _Share(price, asked.value_share_usd / float(one))


def _hedge(asked: PoolAsked, share: _Share) -> PoolHedge:
    return pool_hedge(
        liquidity_contracts=share.liquidity_contracts,
        price_usd=share.price_usd,
        price_lower_usd=asked.price_lower_usd,
        price_upper_usd=asked.price_upper_usd,
        held_contracts=asked.held_contracts,
        multiplier_coin_per_contract=asked.multiplier_coin_per_contract,
        lot_contracts=asked.lot_contracts,
        band_coin=asked.band_coin,
        target_coin=asked.target_coin,
        vol_frac=asked.vol_frac or 0.0,
    )


def _value_usd(
    asked: PoolAsked, liquidity_contracts: float, prices_usd: NDArray[np.float64]
) -> NDArray[np.float64]:
    liquidity = np.full(len(prices_usd), liquidity_contracts)
    low, high = asked.price_lower_usd, asked.price_upper_usd
    if low is None and high is None:
        share = constant_product_shares(liquidity_contracts=liquidity, price_usd=prices_usd)
    elif low is None or high is None:
        raise OutOfDomain("a range has two ends: name --lower and --upper, or neither")
    else:
        share = concentrated_shares(
            liquidity_contracts=liquidity, price_usd=prices_usd, price_lower_usd=low,
            price_upper_usd=high,
        )  # fmt: skip
    return np.asarray(share.value_usd)


def _drawing(asked: PoolAsked, share: _Share, shown: PoolShown, held: OptionsHeld | None) -> str:
    prices = share.price_usd * (1.0 + _MOVES)
    value = _value_usd(asked, share.liquidity_contracts, prices)
    now = _value_usd(asked, share.liquidity_contracts, np.array([share.price_usd]))
    gained = value - now
    size = to_model(
        (asked.held_contracts + shown.hedge.quantity_contracts) * asked.multiplier_coin_per_contract
    )
    curves = [
        Curve("share", gained.tolist()),
        Curve("with the perpetual", (gained + size * (prices - share.price_usd)).tolist()),
    ]
    if held is not None:
        curves.append(Curve("with options", (gained + held.gained_usd(_MOVES)).tolist()))
    return moves_svg(f"A pool share of {shown.coin}", _MOVES.tolist(), curves)
