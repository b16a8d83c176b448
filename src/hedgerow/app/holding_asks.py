"""What ``hedge stop``, ``vol-target``, ``staked`` and ``pool`` are asked; nothing heavy here."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, Token

from hedgerow.app.amounts import number, numbers, read

__all__ = ["PoolAsked", "StakedAsked", "StopAsked", "VolTargetAsked"]


def _exact(flag: str, of: str, text: str) -> Parameter:
    """Describe a flag that takes one number whose digits all count."""

    def convert(_: object, tokens: Sequence[Token]) -> Decimal:
        read(tokens[0].value, of)
        return Decimal(tokens[0].value.strip())

    return Parameter(name=flag, converter=convert, allow_leading_hyphen=True, help=text)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class StopAsked:
    """A stop as a person asked for it; what is left out is None."""

    quantity_coin: Annotated[
        float | None, number("--quantity", "quantity", "Coins held, short negative.")
    ] = None
    price_usd: Annotated[float | None, number("--price", "positive", "Present price, USD.")] = None
    vol_frac: Annotated[
        float | None, number("--vol", "vol_frac", "Yearly vol the price is taken to have: 60%.")
    ] = None
    loss_frac: Annotated[
        float, number("--loss", "participation_frac", "Leave at a price this much worse: 10%.")
    ] = 0.1
    is_trailing: Annotated[
        bool,
        Parameter(
            name="--trailing", negative="", help="Counted from the best price since, not from now."
        ),
    ] = False
    days: Annotated[float, number("--days", "elapsed_days", "For so long it stands.")] = 30.0
    look_hours: Annotated[
        float, number("--look-hours", "hours", "Between two looks at the price.")
    ] = 1.0
    slippage_frac: Annotated[
        float,
        number("--slippage", "slippage_frac", "How far the order runs, of the price seen: 0.2%."),
    ] = 0.002
    cost_frac: Annotated[
        float, number("--cost", "cost_frac", "Of what is sold, fee and half a spread: 0.05%.")
    ] = 0.0005
    option_cost_frac: Annotated[
        float | None,
        number(
            "--option-cost",
            "cost_frac",
            "What an option at the stop's level costs, of what is held, as `hedge structure` says; "
            "without it what it pays on average over the paths.",
        ),
    ] = None
    is_lognormal: Annotated[
        bool,
        Parameter(
            name="--lognormal", negative="", help="One constant vol and no jumps: far too mild."
        ),
    ] = False
    draws_count: Annotated[int, Parameter(name="--draws", help="How many paths are drawn.")] = (
        10_000
    )
    draw_seed: Annotated[int, Parameter(help="Seed of the draws.")] = 7


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class VolTargetAsked:
    """A volatility target as a person asked for it; what is left out is None."""

    target_vol_frac: Annotated[
        float, number("--target", "vol_frac", "Vol wanted, of the equity: 20%.")
    ] = 0.2
    vol_frac: Annotated[
        float | None,
        number("--vol", "vol_frac", "Yearly vol of the price, or see --marks: 65%."),
    ] = None
    marks: Annotated[
        Path | None,
        Parameter(help="Folder of mark_1h.parquet: the vol is the larger of a fast and a slow."),
    ] = None
    coin: Annotated[str, Parameter(help="Which coin's marks.")] = "BTC"
    until: Annotated[
        str | None, Parameter(name="--marks-until", help="Only marks before this time.")
    ] = None
    vol_min_frac: Annotated[
        float, number("--vol-min", "vol_frac", "A vol below this counts as this: 25%.")
    ] = 0.25
    band_frac: Annotated[
        float, number("--band", "participation_frac", "Nothing is traded within this of the size.")
    ] = 0.1
    allowed_frac: Annotated[
        float,
        number("--allow", "chance_frac", "Liquidation that may be so likely, and no more: 1%."),
    ] = 0.01
    horizon_days: Annotated[
        float, number("--horizon-days", "elapsed_days", "Within so many days.")
    ] = 7.0
    leverage_max_frac: Annotated[
        float, number("--leverage-max", "positive", "The most the venue allows.")
    ] = 20.0
    account: Annotated[
        str | None,
        Parameter(
            help="Account of the desk, by its own venue's rules; without it an isolated leg."
        ),
    ] = None
    is_short: Annotated[
        bool, Parameter(name="--short", negative="", help="The isolated leg is short.")
    ] = False
    maintenance_frac: Annotated[
        float, number("--maintenance", "requirement_frac", "Of the isolated leg: 0.5%.")
    ] = 0.005
    is_lognormal: Annotated[
        bool,
        Parameter(
            name="--lognormal", negative="", help="One constant vol and no jumps: far too mild."
        ),
    ] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class StakedAsked:
    """A staked holding as a person asked for it; what is left out is None."""

    quantity_coin: Annotated[
        float | None, number("--quantity", "positive", "Staked tokens held.")
    ] = None
    rate_coin_per_coin: Annotated[
        float | None, number("--exchange-rate", "positive", "Base coins that a token redeems for.")
    ] = None
    price_base_usd: Annotated[
        float | None, number("--price", "positive", "Price of the base coin, USD.")
    ] = None
    discount_frac: Annotated[
        float | None,
        number(
            "--discount",
            "discount_frac",
            "Of the token to its rate, 0.2%; a premium is < 0. Without it none, which is said.",
        ),
    ] = None
    wait_days: Annotated[
        tuple[float, ...],
        numbers("--wait-days", "elapsed_days", "From asking to be un-staked to coins: 5,20,60."),
    ] = (5.0, 20.0, 60.0)
    peg_vol_frac: Annotated[
        float | None,
        number("--peg-vol", "vol_frac", "Deviation of the discount over a year, 2% is two points."),
    ] = None
    reward_frac_per_year: Annotated[
        float | None, number("--reward", "rate_frac_per_year", "Staking reward a year: 3%.")
    ] = None
    funding_frac_per_year: Annotated[
        float | None,
        number("--funding", "rate_frac_per_year", "Funding the short receives a year: 5%."),
    ] = None
    multiplier_coin_per_contract: Annotated[
        Decimal, _exact("--multiplier", "positive", "Coins in a contract of the perpetual.")
    ] = Decimal(1)
    lot_contracts: Annotated[Decimal, _exact("--lot", "positive", "Contracts in its lot.")] = (
        Decimal("0.001")
    )


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class PoolAsked:
    """A pool share as a person asked for it; what is left out is None."""

    price_usd: Annotated[float | None, number("--price", "positive", "Price of the coin, USD.")] = (
        None
    )
    liquidity_contracts: Annotated[
        float | None,
        number("--liquidity", "positive", "Liquidity L in roots of coin times USD; or --value."),
    ] = None
    value_share_usd: Annotated[
        float | None, number("--value", "positive", "What the share is worth, USD; finds L.")
    ] = None
    price_lower_usd: Annotated[
        float | None, number("--lower", "positive", "Lower end of its range, USD.")
    ] = None
    price_upper_usd: Annotated[
        float | None, number("--upper", "positive", "Upper end of its range, USD.")
    ] = None
    held_contracts: Annotated[
        Decimal,
        _exact("--held", "quantity", "Of the perpetual now, short negative."),
    ] = Decimal(0)
    multiplier_coin_per_contract: Annotated[
        Decimal, _exact("--multiplier", "positive", "Coins in a contract of the perpetual.")
    ] = Decimal(1)
    lot_contracts: Annotated[Decimal, _exact("--lot", "positive", "Contracts in its lot.")] = (
        Decimal("0.001")
    )
    band_coin: Annotated[
        float, number("--band", "not_negative", "Half width of the band about the target, coins.")
    ] = 0.0
    target_coin: Annotated[
        float, number("--target", "quantity", "Delta wanted of share and perpetual, coins.")
    ] = 0.0
    vol_frac: Annotated[
        float | None, number("--vol", "vol_frac", "Yearly vol of the coin: 65%.")
    ] = None
    fees_frac_per_year: Annotated[
        float | None,
        number("--fees", "rate_frac_per_year", "What the pool's fees earn a year of its value."),
    ] = None
    gamma_max_coin_per_usd: Annotated[
        float | None,
        number(
            "--gamma-max",
            "not_negative",
            "With --chains: options are bought until gamma is no larger than this, coins per USD.",
        ),
    ] = None
    expiry: Annotated[
        str | None, Parameter(help="Only options of this expiry, as 27MAR26 or 2026-03-27.")
    ] = None
