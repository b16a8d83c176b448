"""What ``hedgerow hedge stop`` does: draw prices, walk a stop and its rivals; words, a drawing."""

from pathlib import Path

import numpy as np

from hedgerow.app.asked import show
from hedgerow.app.holding_asks import StopAsked
from hedgerow.app.portfolio_model import MODEL_FILE, packaged_degrees_count, packaged_tails
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import OutOfDomain, RequestRejected
from hedgerow.hedging.structures import StopRule, stop_outlook, walked_prices_frac
from hedgerow.limits import tailed_passage_frac
from hedgerow.reporting import builtins_of
from hedgerow.reporting.stop_losses import StopShown, stop_svg, stop_tables
from hedgerow.solvency import hit_frac
from hedgerow.units import YEAR_HOURS

__all__ = ["show_stop"]


def show_stop(asked: StopAsked, *, plot: Path | None, as_json: bool) -> int:
    """Print what a stop is likely to do, beside other ways of losing less.

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
        write_plot(plot, stop_svg(shown), as_json=as_json)
    show(builtins_of(shown), stop_tables(shown), as_json=as_json)
    return 0


def _shown(asked: StopAsked) -> StopShown:
    quantity, price, vol = asked.quantity_coin, asked.price_usd, asked.vol_frac
    if not quantity or price is None or not vol:
        raise RequestRejected(
            "--quantity, --price and --vol say what is held and how it moves; none may be 0"
        )
    if asked.look_hours <= 0.0 or asked.look_hours > 24.0 * asked.days:
        raise RequestRejected("--look-hours must be positive, and no longer than --days")
    if not 0.0 < asked.loss_frac < 1.0:
        raise RequestRejected(
            f"--loss must lie between 0% and 100%, was {asked.loss_frac:.12g}; write 10% to leave "
            "at a price a tenth worse"
        )
    if asked.draws_count < 100:
        raise RequestRejected("--draws must be 100 or more")
    is_short = quantity < 0.0
    rule = StopRule(loss_frac=asked.loss_frac, is_trailing=asked.is_trailing, is_short=is_short)
    steps = round(24.0 * asked.days / asked.look_hours)
    step_years = asked.look_hours / YEAR_HOURS
    years = steps * step_years
    tails = None if asked.is_lognormal else packaged_tails()
    prices = walked_prices_frac(
        vol_frac=vol,
        tails=tails,
        step_years=step_years,
        steps_count=steps,
        paths_count=asked.draws_count,
        rng=np.random.Generator(np.random.Philox(asked.draw_seed)),
    )
    level = 1.0 + asked.loss_frac if is_short else 1.0 - asked.loss_frac
    is_plain = not asked.is_trailing
    return StopShown(
        quantity_coin=quantity,
        price_usd=price,
        level_usd=level * price,
        is_trailing=asked.is_trailing,
        days=years * 365.0,
        look_hours=asked.look_hours,
        vol_frac=vol,
        slippage_frac=asked.slippage_frac,
        cost_frac=asked.cost_frac,
        is_option_told=asked.option_cost_frac is not None,
        market="one constant vol, no jumps" if tails is None else f"{tails} ({MODEL_FILE})",
        lognormal_hit_frac=float(hit_frac(1.0, level, 0.0, vol, years)) if is_plain else None,
        tailed_hit_frac=(
            tailed_passage_frac(tails, float(packaged_degrees_count()), level - 1.0, vol, years)
            if is_plain and tails is not None
            else None
        ),
        outlook=stop_outlook(
            prices,
            rule,
            slippage_frac=asked.slippage_frac,
            cost_frac=asked.cost_frac,
            put_cost_frac=asked.option_cost_frac,
        ),
    )
