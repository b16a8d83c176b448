"""What ``hedgerow solvency`` is asked, apart from the desk; nothing heavy is imported."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from hedgerow.app.amounts import number
from hedgerow.app.options import DrawSeed, OnlyAccount

__all__ = ["FeeQuintile", "FrontierAsked", "LadderAsked", "ProbabilityAsked", "ReactionAsked"]

FeeQuintile = Annotated[
    Literal[1, 2, 3, 4, 5],
    Parameter(name="--fees", help="How dear blocks are, by fifths of all time; 5 is the dearest."),
]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierAsked:
    """Which directions, of which account; without any all that may hurt it."""

    along: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="A direction: spot:BTC, spot:BTC,ETH=1.3 (by betas), mark:BTC-PERPETUAL (all else "
            "frozen, as venues print it), vol, basis:BTC, peg:USDC, funding, or at a rate an "
            "interval funding:BTC-PERP=0.01%, time. May be given again; without it all that may "
            "hurt an account.",
        ),
    ] = ()
    account: OnlyAccount = None
    is_likeliest: Annotated[
        bool,
        Parameter(
            name="--likeliest",
            negative="",
            help="Also the likeliest breach, and the leg that causes it.",
        ),
    ] = False
    plot: Annotated[
        Path | None, Parameter(help="Draw one account's frontier over spot and vol to this SVG.")
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityAsked:
    """In which market paths are walked, how many, and what of them is wanted."""

    account: OnlyAccount = None
    vols: Annotated[
        tuple[str, ...],
        Parameter(
            name="--vol",
            negative="",
            show_default=False,
            help="A coin and its yearly vol, such as BTC=60%, in place of the packaged one. May be "
            "given again.",
        ),
    ] = ()
    survival_frac: Annotated[
        float | None,
        number(
            "--survival",
            "success_frac",
            "Also the collateral each account wants to be alive after a day as surely as this: "
            "99%. What fewer than a hundred paths decide is refused: 99.9% takes 200,000 paths.",
        ),
    ] = None
    slippage_frac: Annotated[
        float, number("--slippage", "slippage_frac", "What closing costs beside fees: 0.2%.")
    ] = 0.0
    paths_count: Annotated[
        int,
        Parameter(
            name="--paths", help="How many paths are walked; less than 3 in so many is not told."
        ),
    ] = 20_000
    draw_seed: DrawSeed = 7


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionAsked:
    """Against which routes, in which market; what is left out is None."""

    vol_frac: Annotated[
        float, number("--vol", "vol_frac", "Yearly volatility of what moves the accounts: 80%.")
    ]
    distance_frac: Annotated[
        float | None,
        number(
            "--distance",
            "price_move_frac",
            "Ask of one move in place of a desk: -8% breaks at a fall of 8 per cent, 8% at a rise.",
        ),
    ] = None
    account: OnlyAccount = None
    routes: Annotated[
        tuple[str, ...],
        Parameter(
            name="--route",
            negative="",
            show_default=False,
            help="Only this route, such as same-venue. May be given again; without it all.",
        ),
    ] = ()
    routes_file: Annotated[
        Path | None,
        Parameter(name="--routes", help="A file of routes in place of the packaged one."),
    ] = None
    volatility: Annotated[
        Literal["calm", "busy", "wild"] | None,
        Parameter(name="--regime", help="How the market is; without it by the volatility."),
    ] = None
    fee_quintile_index: FeeQuintile = 5
    success_frac: Annotated[
        float, number("--success", "success_frac", "How sure one wants to be: 99%.")
    ] = 0.99
    jump_frac: Annotated[
        float, number("--jump", "jump_frac", "A typical jump, on top of the volatility: 2%.")
    ] = 0.0
    candles: Annotated[
        Path | None,
        Parameter(
            help="Also draw from recorded candles: a .csv or .parquet with ts, high, low, close."
        ),
    ] = None
    draws_count: Annotated[int, Parameter(name="--draws", help="How many rescues are drawn.")] = (
        20_000
    )
    draw_seed: DrawSeed = 7


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class LadderAsked:
    """In which market a ladder is met, and by whom; what is left out is None."""

    price_now_usd: Annotated[float, number("--price", "positive", "The present price, in dollars.")]
    depth_coin_per_usd: Annotated[
        float,
        number("--depth", "positive", "Coins that move the price by a dollar, the same all along."),
    ]
    fee_frac: Annotated[
        float, number("--fee", "fee_frac", "Paid on each side by who hunts: 0.04%.")
    ]
    recovery_frac: Annotated[
        float,
        number("--recovery", "recovery_frac", "How much of the move comes back by itself: 25%."),
    ] = 0.0
    bonus_frac: Annotated[
        float | None,
        number("--bonus", "bonus_frac", "What of the liquidated liquidators get: 5%."),
    ] = None
    bonus_share_frac: Annotated[
        float | None,
        number("--bonus-share", "bonus_share_frac", "How much of that who hunts gets: 50%."),
    ] = None
    elsewhere_coin: Annotated[
        float,
        number(
            "--elsewhere",
            "not_negative",
            "Coins that who hunts holds elsewhere and that gain by the move: a short, of a fall.",
        ),
    ] = 0.0
    side: Annotated[
        Literal["fall", "rise"], Parameter(help="Longs that break at a fall, or shorts at a rise.")
    ] = "fall"
    shock_frac: Annotated[
        float | None,
        number("--shock", "price_move_frac", "Let the price move by so much, and what follows."),
    ] = None
    cluster_frac: Annotated[
        float,
        number("--cluster", "cluster_frac", "Levels so near to each other are one: 0.1%."),
    ] = 0.0
    desk: Annotated[
        Path | None,
        Parameter(help="A desk file whose own accounts stand in the ladder too, with --coin."),
    ] = None
    coin: Annotated[
        str | None, Parameter(help="The coin that the ladder is of, where --desk is given.")
    ] = None
    plot: Annotated[
        Path | None, Parameter(help="Draw the ladder and the profits to this SVG file.")
    ] = None
