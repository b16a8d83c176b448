"""``hedgerow solvency``: at what price accounts break, how likely that is, and how soon.

Only the wiring; `app.actions` names what each command runs.
"""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number
from hedgerow.app.options import At, Data, DeskPath, Json, Seed, Source
from hedgerow.app.reaction_request import ReactionAsked

__all__ = ["solvency"]

solvency = App(name="solvency", help="At what price accounts break, how likely, and how soon.")


@solvency.command(name="frontier")
def frontier(
    desk: DeskPath = None,
    *,
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
    ] = (),
    account: Annotated[str | None, Parameter(help="Only this account.")] = None,
    likeliest: Annotated[
        bool, Parameter(negative="", help="Also the likeliest breach, and the leg that causes it.")
    ] = False,
    plot: Annotated[
        Path | None, Parameter(help="Draw one account's frontier over spot and vol to this SVG.")
    ] = None,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show where each account breaks and heals: by price, vol, basis, peg, funding and time.

    By the rules of its venue, with everything else it holds. Exit status 1 where an account is
    liquidatable now, its requirement is unknown, or what was asked for by name has no answer.
    """
    return act(
        "solvency frontier",
        Source(desk, data, at, seed),
        account=account,
        along=along,
        likeliest=likeliest,
        plot=plot,
        as_json=as_json,
    )


@solvency.command(name="probability")
def probability(
    desk: DeskPath = None,
    *,
    account: Annotated[str | None, Parameter(help="Only this account.")] = None,
    vol: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="A coin and its yearly vol, such as BTC=60%, in place of the packaged one. May be "
            "given again.",
        ),
    ] = (),
    survival: Annotated[
        float | None,
        number(
            "--survival",
            "success_frac",
            "Also the collateral each account wants to be alive after a day as surely as this: "
            "99%. What fewer than a hundred paths decide is refused: 99.9% takes 200,000 paths.",
        ),
    ] = None,
    slippage: Annotated[
        float, number("--slippage", "slippage_frac", "What closing costs beside fees: 0.2%.")
    ] = 0.0,
    paths: Annotated[
        int, Parameter(help="How many paths are walked; less than 3 in so many is not told.")
    ] = 20_000,
    draw_seed: Annotated[int, Parameter(help="Seed of the draws.")] = 7,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Say how likely each account, and any of them, is liquidated within an hour to thirty days.

    By paths of prices and vols against the rules of the venue, with standard errors, and what that
    costs on average. Options age and expire on the way, and loans grow at their last rates. What
    the paths cannot tell from nothing is written with a < and what it is at most; a ~ marks what
    few paths carry. "Any of them" counts what left the grid apart, and is renamed where an account
    has no answer. Exit status 1 where an account is liquidatable, or an answer is unknown.
    """
    return act(
        "solvency probability",
        Source(desk, data, at, seed),
        account=account,
        vol=vol,
        survival_frac=survival,
        slippage_frac=slippage,
        paths_count=paths,
        draw_seed=draw_seed,
        as_json=as_json,
    )


@solvency.command(name="reaction")
def reaction(
    desk: DeskPath = None,
    *,
    vol: Annotated[
        float, number("--vol", "vol_frac", "Yearly volatility of what moves the accounts: 80%.")
    ],
    distance: Annotated[
        float | None,
        number(
            "--distance",
            "price_move_frac",
            "Ask of one move in place of a desk: -8% breaks at a fall of 8 per cent, 8% at a rise.",
        ),
    ] = None,
    account: Annotated[str | None, Parameter(help="Only this account.")] = None,
    route: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="Only this route, such as same-venue. May be given again; without it all.",
        ),
    ] = (),
    routes: Annotated[
        Path | None, Parameter(help="A file of routes in place of the packaged one.")
    ] = None,
    regime: Annotated[
        Literal["calm", "busy", "wild"] | None,
        Parameter(help="How the market is; without it by the volatility."),
    ] = None,
    fees: Annotated[
        Literal[1, 2, 3, 4, 5],
        Parameter(help="How dear blocks are, by fifths of all time; 5 is the dearest."),
    ] = 5,
    success: Annotated[
        float, number("--success", "success_frac", "How sure one wants to be: 99%.")
    ] = 0.99,
    jump: Annotated[
        float, number("--jump", "jump_frac", "A typical jump, on top of the volatility: 2%.")
    ] = 0.0,
    candles: Annotated[
        Path | None,
        Parameter(
            help="Also draw from recorded candles: a .csv or .parquet with ts, high, low, close."
        ),
    ] = None,
    draws: Annotated[int, Parameter(help="How many rescues are drawn.")] = 20_000,
    draw_seed: Annotated[int, Parameter(help="Seed of the draws.")] = 7,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Say whether a rescue that starts now arrives before each account breaks, by every route.

    Exit status 1 where no route arrives with the probability wanted, or a distance is unknown.
    """
    return act(
        "solvency reaction",
        Source(desk, data, at, seed),
        account=account,
        asked=ReactionAsked(
            distance_frac=distance,
            vol_frac=vol,
            routes=route,
            routes_file=routes,
            volatility=regime,
            fee_quintile_index=fees,
            success_frac=success,
            jump_frac=jump,
            candles=candles,
            draws_count=draws,
            draw_seed=draw_seed,
        ),
        as_json=as_json,
    )


@solvency.command(name="ladder")
def ladder(
    file: Annotated[
        Path,
        Parameter(
            help="A .csv or .parquet, one account a row: level_usd, size_coin (positive is long) "
            "and, where some are ours, is_own. Two more say where ours that gain stand in the "
            "venue's queue: price_entry_usd and account_value_usd, of accounts that gain."
        ),
    ],
    *,
    price: Annotated[float, number("--price", "positive", "The present price, in dollars.")],
    depth: Annotated[
        float,
        number("--depth", "positive", "Coins that move the price by a dollar, the same all along."),
    ],
    fee: Annotated[float, number("--fee", "fee_frac", "Paid on each side by who hunts: 0.04%.")],
    recovery: Annotated[
        float,
        number("--recovery", "recovery_frac", "How much of the move comes back by itself: 25%."),
    ] = 0.0,
    bonus: Annotated[
        float | None,
        number("--bonus", "bonus_frac", "What of the liquidated liquidators get: 5%."),
    ] = None,
    bonus_share: Annotated[
        float | None,
        number("--bonus-share", "bonus_share_frac", "How much of that who hunts gets: 50%."),
    ] = None,
    elsewhere: Annotated[
        float,
        number(
            "--elsewhere",
            "not_negative",
            "Coins that who hunts holds elsewhere and that gain by the move: a short, of a fall.",
        ),
    ] = 0.0,
    side: Annotated[
        Literal["fall", "rise"], Parameter(help="Longs that break at a fall, or shorts at a rise.")
    ] = "fall",
    shock: Annotated[
        float | None,
        number("--shock", "price_move_frac", "Let the price move by so much, and what follows."),
    ] = None,
    cluster: Annotated[
        float,
        number("--cluster", "cluster_frac", "Levels so near to each other are one: 0.1%."),
    ] = 0.0,
    desk: Annotated[
        Path | None,
        Parameter(help="A desk file whose own accounts stand in the ladder too, with --coin."),
    ] = None,
    coin: Annotated[
        str | None, Parameter(help="The coin that the ladder is of, where --desk is given.")
    ] = None,
    plot: Annotated[
        Path | None, Parameter(help="Draw the ladder and the profits to this SVG file.")
    ] = None,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show where others and we are liquidated, what a shock sets off, and what hunting it gains.

    Exit status 1 where pushing the price to a level that takes ours pays, the shock asked for takes
    some of ours, or some of ours may be liquidated already.
    """
    return act(
        "solvency ladder",
        file,
        price_now_usd=price,
        depth_coin_per_usd=depth,
        fee_frac=fee,
        recovery_frac=recovery,
        bonus_frac=bonus,
        bonus_share_frac=bonus_share,
        elsewhere_coin=elsewhere,
        side=side,
        shock_frac=shock,
        cluster_frac=cluster,
        plot=plot,
        desk=None if desk is None else Source(desk, data, at, seed),
        coin=coin,
        as_json=as_json,
    )


backtest = App(name="backtest", help="What alarms and probabilities would have been worth.")
solvency.command(backtest)


@backtest.command(name="loans")
def backtest_loans(
    *,
    data: Annotated[
        Path, Parameter(help="Folder with aave_v2_account_histories, its calls and prices.")
    ],
    route: Annotated[
        str, Parameter(help="By which a rescue would have come.")
    ] = "ethereum-same-chain",
    regime: Annotated[
        Literal["calm", "busy", "wild"], Parameter(help="How the market is.")
    ] = "wild",
    fees: Annotated[
        Literal[1, 2, 3, 4, 5],
        Parameter(help="How dear blocks are, by fifths of all time; 5 is the dearest."),
    ] = 5,
    alarm: Annotated[
        float,
        number("--alarm", "chance_frac", "Probability of a breach that rings: 1%."),
    ] = 0.01,
    as_json: Json = False,
) -> int:
    """Try the alarm on recorded Aave v2 accounts: leads, misses and their cause, false alarms.

    Beside it a fixed health threshold that is as often false.
    """
    return act(
        "solvency backtest loans",
        data,
        route=route,
        volatility=regime,
        fee_quintile_index=fees,
        breach_frac_max=alarm,
        as_json=as_json,
    )


@backtest.command(name="perps")
def backtest_perps(*, data: Data = None, as_json: Json = False) -> int:
    """Hold chances of liquidation of perpetuals against recorded prices, hour by hour.

    DATA holds the folders perp_binance and ohlcv_binance. Exit status 1 where fewer than nine in
    ten bins hold what came, totals are off by more than a factor 1.25 at a horizon, or the closed
    form on an average of squared returns scores better.
    """
    return act("solvency backtest perps", data, as_json=as_json)
