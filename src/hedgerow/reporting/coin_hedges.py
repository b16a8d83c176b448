"""Staked coins and pool shares with their hedges, as tables for the terminal and drawings."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.hedging import HedgeChoice
from hedgerow.hedging.structures import PoolHedge, StakedExit
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.figures import partial, percent, plain, quantity, significant, usd
from hedgerow.reporting.framing import headed, note
from hedgerow.reporting.grid import Column, grid

__all__ = [
    "PoolOptions",
    "PoolShown",
    "StakedShown",
    "StakedWait",
    "StakedWay",
    "moves_svg",
    "pool_tables",
    "staked_tables",
]

_HEAD: tuple[Column, ...] = (("Figure", "", False), ("Value", "", True), ("Remark", "", False))
_EXITS: tuple[Column, ...] = (
    ("Left by", "", False), ("Delta", "coin", True), ("Short", "contracts", True),
    ("Left over", "coin", True), ("Lost per point of discount", "USD", True),
)  # fmt: skip
_WAITS: tuple[Column, ...] = (
    ("Wait", "days", True), ("Carry", "USD", True), ("Redeeming earns", "USD", True),
    ("Even at a discount of", "", True), ("Peg, one deviation", "USD", True),
)  # fmt: skip
_STAKED_NOTE = (
    "The perpetual does not move with the peg: no size of it hedges that. Carry is the reward and "
    "the funding of the short over the wait; redeeming earns it and the discount over selling "
    "today. The deviation is what selling in a hurry at the end of the wait may cost beside the "
    "discount of today, scaled by the root of time: one that breaks strays further."
)
_POOL_NOTE = (
    "Losses to rebalancers are half of gamma times the variance of the price (losses versus "
    "rebalancing); fees are as told. The band holds between trades; a share out of its range has "
    "no gamma, earns nothing, and is all coins or none."
)


class StakedWay(msgspec.Struct, frozen=True, kw_only=True):
    """The short by how the holding is left, as in `StakedHedge`."""

    exit: StakedExit
    delta_coin: float
    quantity_contracts: Decimal
    residual_coin: float
    peg_usd_per_frac: float


class StakedWait(msgspec.Struct, frozen=True, kw_only=True):
    """One wait; None where it hangs on something unknown.

    At `discount_even_frac` redeeming earns as much as selling today: below it, sell.
    """

    wait_days: float
    carry_usd: float | None
    redeem_gain_usd: float | None
    discount_even_frac: float | None
    peg_deviation_usd: float | None


class StakedShown(msgspec.Struct, frozen=True, kw_only=True):
    """A staked holding, its short by how it is left, and each wait."""

    quantity_coin: float
    price_base_usd: float
    discount_frac: float
    is_discount_told: bool
    value_usd: float
    exits: tuple[StakedWay, ...]
    waits: tuple[StakedWait, ...]
    unknown: tuple[str, ...]


class PoolOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options and perpetual together, chosen over a chain; the options decay by theta.

    `assumed` are sentences about what no recording says: how much is offered, and at what cost.
    """

    chain: str
    assumed: tuple[str, ...]
    choice: HedgeChoice
    theta_usd_per_day: float


class PoolShown(msgspec.Struct, frozen=True, kw_only=True):
    """A pool share and what is held against it; None where something was not told."""

    coin: str
    price_usd: float
    hedge: PoolHedge
    loss_usd_per_year: float | None
    fees_usd_per_year: float | None
    options: PoolOptions | None


def staked_tables(shown: StakedShown) -> RenderableType:
    """The short by how the holding is left, and what each wait earns and risks."""
    side = "above" if shown.discount_frac < 0.0 else "below"
    stands = f"{percent(abs(shown.discount_frac), 2)} {side} their rate"
    if not shown.is_discount_told:
        stands = "taken to stand at their rate: no --discount was told"
    parts = headed(
        f"{shown.quantity_coin:,g} staked tokens worth {usd(shown.value_usd)} USD, the base at "
        f"{usd(shown.price_base_usd)} USD, {stands}"
    )
    exits = [
        (each.exit, plain(each.delta_coin, 4), quantity(each.quantity_contracts, sign=True),
         plain(each.residual_coin, 4),
         usd(-each.peg_usd_per_frac / 100.0 + 0.0))
        for each in shown.exits
    ]  # fmt: skip
    waits = [
        (plain(each.wait_days, 1), usd(each.carry_usd), usd(each.redeem_gain_usd),
         percent(each.discount_even_frac, 2), usd(each.peg_deviation_usd))
        for each in shown.waits
    ]  # fmt: skip
    parts += [
        grid("Short against them", _EXITS, exits), Text(),
        grid("Un-staking", _WAITS, waits), Text(), note(_STAKED_NOTE),
    ]  # fmt: skip
    if shown.unknown:
        parts.append(note(f"Unknown, for want of it: {', '.join(shown.unknown)}."))
    return Group(*parts)


def pool_tables(shown: PoolShown) -> RenderableType:
    """The share, the perpetual against it, what rebalancers take, and options if wanted."""
    found = shown.hedge
    parts = headed(
        f"A pool share of {shown.coin} worth {usd(found.value_usd)} USD at "
        f"{usd(shown.price_usd)} USD"
    )
    moves = "never by itself" if found.band_frac == float("inf") else percent(found.band_frac, 2)
    fees, loss = shown.fees_usd_per_year, shown.loss_usd_per_year
    left = None if fees is None or loss is None else fees - loss
    rows = [
        ("Delta of the share", plain(found.delta_coin, 4), "coins"),
        ("Gamma of the share", significant(found.gamma_coin_per_usd, 4), "coins per USD"),
        ("Share and perpetual now", plain(found.before_coin, 4), "coins"),
        ("Perpetual to trade", quantity(found.quantity_contracts, sign=True),
         f"contracts, to the edge of a band of {plain(found.band_coin, 4)} coins"),
        ("Share and perpetual then", plain(found.after_coin, 4), "coins"),
        ("Leaves its band after", moves, "move of the price, the nearer way"),
        ("Taken by rebalancers", usd(loss), "USD a year"),
        ("Fees", usd(fees), "USD a year" if fees != 0.0 or found.gamma_coin_per_usd else
         "USD a year while the price is out of its range"),
        ("Left of fees", usd(left), "USD a year"),
    ]  # fmt: skip
    parts += [grid("By the perpetual", _HEAD, rows), Text()]
    if shown.options is not None:
        parts += [*_options(shown.options), Text()]
    parts.append(note(_POOL_NOTE))
    unknown = [name for name, each in (("--vol", loss), ("--fees", fees)) if each is None]
    if unknown:
        parts.append(note(f"Unknown, for want of it: {', '.join(unknown)}."))
    return Group(*parts)


def moves_svg(heading: str, moves_frac: Sequence[float], curves: Sequence[Curve]) -> str:
    """Draw what a holding gains at once over moves of the price, hedged and not."""
    return curves_svg(
        heading,
        [100.0 * each for each in moves_frac],
        "move of the price, %",
        [Panel("Gained at once", "USD", curves)],
    )


def _options(found: PoolOptions) -> list[RenderableType]:
    rows = [
        (each.instrument_id, plain(each.quantity_contracts, 3, sign=True), usd(each.crossing_usd),
         usd(each.fee_usd),
         partial(usd(each.known_usd), each.known_usd, is_partial=each.cost_usd is None))
        for each in found.choice.trades
    ]  # fmt: skip
    head: tuple[Column, ...] = (
        ("Trade", "", False), ("Contracts", "", True), ("Crossing", "USD", True),
        ("Fee", "USD", True), ("Cost", "USD", True),
    )  # fmt: skip
    asks = [
        (each.name, significant(each.before_figure, 4), significant(each.after_figure, 4),
         significant(each.low_figure, 4), significant(each.high_figure, 4))
        for each in found.choice.asks
    ]  # fmt: skip
    wanted: tuple[Column, ...] = (
        ("Figure", "", False), ("Before", "", True), ("After", "", True), ("From", "", True),
        ("To", "", True),
    )  # fmt: skip
    parts: list[RenderableType] = [
        grid(f"By options of {found.chain} and the perpetual, together", head, rows), Text(),
        grid("What they bring", wanted, asks),
        note(f"The options lose {usd(-found.theta_usd_per_day)} USD a day of their worth, which a "
             "gamma no longer taken by rebalancers has to earn. Cost is what crossing the spread "
             "and fees take, and a dollar a trade so that nothing is traded for nothing; the "
             "premium is no part of it."),
        *(note(each) for each in found.assumed),
    ]  # fmt: skip
    if found.choice.conflicts:
        parts.append(note(f"Cannot all hold: {', '.join(found.choice.conflicts)}."))
    return parts
