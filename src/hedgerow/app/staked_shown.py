"""What ``hedgerow hedge staked`` does: the short by how it is left, and each wait for coins."""

from pathlib import Path

import numpy as np

from hedgerow.app.asked import show
from hedgerow.app.holding_asks import StakedAsked
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import OutOfDomain, RequestRejected
from hedgerow.hedging.structures import StakedExit, StakedHedge, staked_hedge
from hedgerow.reporting import builtins_of
from hedgerow.reporting.coin_hedges import (
    StakedShown,
    StakedWait,
    StakedWay,
    moves_svg,
    staked_tables,
)
from hedgerow.reporting.curves import Curve
from hedgerow.units import percent, to_model

__all__ = ["show_staked"]

_EXITS: tuple[StakedExit, StakedExit] = ("sold", "redeemed")
_MOVES = np.linspace(-0.3, 0.3, 61)
# By how much wider the discount is in the drawing: stETH fell so far in June 2022.
_WIDER_FRAC = 0.05


def show_staked(asked: StakedAsked, *, plot: Path | None, as_json: bool) -> int:
    """Print the short that staked coins want, and what each wait earns and risks.

    Raises
    ------
    RequestRejected
        If something it needs is missing, or cannot be meant.
    """
    if plot is not None:
        check_plot(plot)
    try:
        shown = _shown(asked)
    except OutOfDomain as bad:
        raise RequestRejected(str(bad)) from bad
    if plot is not None:
        write_plot(plot, _drawing(asked, shown), as_json=as_json)
    show(builtins_of(shown), staked_tables(shown), as_json=as_json)
    return 0


def _shown(asked: StakedAsked) -> StakedShown:
    sold, redeemed = (_hedge(asked, way, asked.wait_days[0]) for way in _EXITS)
    is_carry_known = (
        asked.reward_frac_per_year is not None and asked.funding_frac_per_year is not None
    )
    waits = []
    for wait in asked.wait_days:
        found = _hedge(asked, "redeemed", wait)
        full_usd = found.delta_coin * (asked.price_base_usd or 0.0)
        known = found if is_carry_known else None
        waits.append(
            StakedWait(
                wait_days=wait,
                carry_usd=None if known is None else known.carry_usd,
                redeem_gain_usd=None if known is None else known.redeem_gain_usd,
                discount_even_frac=None if known is None else -known.carry_usd / full_usd,
                peg_deviation_usd=(None if asked.peg_vol_frac is None else found.peg_deviation_usd),
            )
        )
    told = {
        "--reward": asked.reward_frac_per_year,
        "--funding": asked.funding_frac_per_year,
        "--peg-vol": asked.peg_vol_frac,
    }
    assert asked.quantity_coin is not None
    assert asked.price_base_usd is not None
    return StakedShown(
        quantity_coin=asked.quantity_coin,
        price_base_usd=asked.price_base_usd,
        discount_frac=asked.discount_frac or 0.0,
        is_discount_told=asked.discount_frac is not None,
        value_usd=sold.value_usd,
        exits=tuple(_way(each) for each in (sold, redeemed)),
        waits=tuple(waits),
        unknown=tuple(flag for flag, value in told.items() if value is None),
    )


def _way(found: StakedHedge) -> StakedWay:
    return StakedWay(
        exit=found.exit,
        delta_coin=found.delta_coin,
        quantity_contracts=found.quantity_contracts,
        residual_coin=found.residual_coin,
        # Money that is redeemed in full does not move with the peg.
        peg_usd_per_frac=found.peg_usd_per_frac if found.exit == "sold" else 0.0,
    )


def _hedge(asked: StakedAsked, way: StakedExit, wait_days: float) -> StakedHedge:
    quantity, rate, price = asked.quantity_coin, asked.rate_coin_per_coin, asked.price_base_usd
    if quantity is None or rate is None or price is None:
        raise RequestRejected("--quantity, --exchange-rate and --price say what is held")
    return staked_hedge(
        quantity_coin=quantity,
        rate_coin_per_coin=rate,
        price_base_usd=price,
        discount_frac=asked.discount_frac or 0.0,
        exit=way,
        multiplier_coin_per_contract=asked.multiplier_coin_per_contract,
        lot_contracts=asked.lot_contracts,
        wait_days=wait_days,
        peg_vol_frac_per_sqrt_year=asked.peg_vol_frac or 0.0,
        reward_frac_per_year=asked.reward_frac_per_year or 0.0,
        funding_frac_per_year=asked.funding_frac_per_year or 0.0,
    )


def _drawing(asked: StakedAsked, shown: StakedShown) -> str:
    sold = shown.exits[0]
    size = to_model(sold.quantity_contracts * asked.multiplier_coin_per_contract)
    moved = shown.price_base_usd * _MOVES
    held = sold.delta_coin * moved
    wider = sold.peg_usd_per_frac * (1.0 + _MOVES) * _WIDER_FRAC
    return moves_svg(
        f"{shown.quantity_coin:,g} staked tokens",
        _MOVES.tolist(),
        [
            Curve("not hedged", held.tolist()),
            Curve("hedged", (held + size * moved).tolist()),
            Curve(
                f"hedged, discount {percent(_WIDER_FRAC, 0)} wider",
                (held + size * moved + wider).tolist(),
            ),
        ],
    )
