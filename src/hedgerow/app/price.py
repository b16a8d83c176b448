"""``hedgerow price``: what an option is worth, what vol a price means, what moves would do.

Only the wiring; `app.actions` names what each command runs. What is not an option is listed in
`app.price_kinds`.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number, numbers
from hedgerow.app.option_request import Moves, Prices
from hedgerow.app.options import Json
from hedgerow.app.price_kinds import FLAGS, KINDS, Kind
from hedgerow.app.terms import Terms, Vol

__all__ = ["price"]

price = App(name="price", help="What an option is worth, and how that moves.")

Plot = Annotated[Path | None, Parameter(help="Write a drawing to this SVG file.")]


@price.command(name="option")
def option(
    *,
    terms: Terms,
    vol: Vol,
    plot: Plot = None,
    greek: Annotated[
        str, Parameter(help="Which one is drawn below the value, such as delta or vanna.")
    ] = "gamma",
    as_json: Json = False,
) -> int:
    """Value one option with its Greeks to third order, raw and as traders read them."""
    return act("price option", terms, vol, plot=plot, greek=greek, as_json=as_json)


@price.command(name="implied")
def implied(
    *,
    terms: Terms,
    paid: Annotated[
        float | None, number("--price", "price_usd", "A price, USD per coin; see --in-coin.")
    ] = None,
    bid: Annotated[float | None, number("--bid", "price_usd", "The bid, with an --ask.")] = None,
    ask: Annotated[float | None, number("--ask", "price_usd", "The ask, with a --bid.")] = None,
    tick: Annotated[
        float | None, number("--tick", "price_usd", "The venue's price step, for bid and ask.")
    ] = None,
    in_coin: Annotated[
        bool,
        Parameter(
            negative="", help="Prices and tick are in coin per coin; so with --coin-settled."
        ),
    ] = False,
    as_json: Json = False,
) -> int:
    """Find the vol that a price means, or say why it means none.

    With a bid and an ask: the vols of both and of their middle, how wide the spread and how coarse
    the tick are in vol points, and the first gate of quality that the quote fails. Exit status 1
    where a price has no vol.
    """
    prices = Prices(
        paid_ccy=paid,
        bid_ccy=bid,
        ask_ccy=ask,
        tick_ccy=tick,
        is_in_coin=in_coin or terms.is_coin_settled,
    )
    return act("price implied", terms, prices, as_json=as_json)


@price.command(name="scenario")
def scenario(
    *,
    terms: Terms,
    vol: Vol,
    spot_moves: Annotated[
        tuple[float, ...],
        numbers("--spot-moves", "price_move_frac", "Moves of the underlying, such as -10%,0,10%."),
    ] = (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2),
    vol_moves: Annotated[
        tuple[float, ...],
        numbers("--vol-moves", "vol_move_frac", "Moves of the vol by a part of itself: -0.25,0."),
    ] = (0.0,),
    vol_points: Annotated[
        tuple[float, ...],
        numbers("--vol-points", "vol_shift_volpt", "Vol points added after that: -10,0,10."),
    ] = (0.0,),
    days: Annotated[
        tuple[float, ...], numbers("--days", "elapsed_days", "Days gone by, such as 0,1,7.")
    ] = (0.0,),
    quantity: Annotated[
        float, number("--quantity", "amount", "Coins of notional; negative when short.")
    ] = 1.0,
    plot: Plot = None,
    as_json: Json = False,
) -> int:
    """Reprice one option in every cell of a grid, in full, and name the worst."""
    moves = Moves(
        price_moves_frac=spot_moves,
        vol_moves_frac=vol_moves,
        vol_shifts_volpt=vol_points,
        elapsed_days=days,
    )
    return act(
        "price scenario", terms, vol, moves, quantity_coin=quantity, plot=plot, as_json=as_json
    )


@price.command(name="file")
def file(
    table: Annotated[Path, Parameter(help="A table of options, .csv or .parquet.")],
    *,
    out: Annotated[Path, Parameter(help="Where the priced table goes, .csv or .parquet.")],
    at: Annotated[
        str | None, Parameter(help="Time for rows with an expiry and no `at` of their own.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Price a table of options, one a row; a row without an answer says why.

    Columns: underlying_usd, strike_usd, right (call or put); vol_frac, price_usd or price_coin;
    expiry_years or expiry. Left out or empty: rate_frac_per_year, carry_frac_per_year, settlement
    (usd or coin), quantity (coins, negative when short; then totals are told). Exit status 1 where
    a row has no answer.
    """
    return act("price file", table, out, at=at, as_json=as_json)


def _command(kind: Kind) -> Callable[..., int]:
    """Make the function of a command: a keyword for each column of any variant."""

    def run(*, as_json: bool = False, plot: Path | None = None, **given: float | None) -> int:
        return act("price position", kind, given, as_json=as_json, plot=plot)

    always = set.intersection(*(set(variant.needs) for variant in kind.variants))
    columns = dict.fromkeys(
        column for variant in kind.variants for column in (*variant.needs, *variant.takes)
    )
    parameters = [_parameter(column, is_needed=column in always) for column in columns]
    if kind.is_drawn:
        parameters.append(
            inspect.Parameter("plot", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Plot)
        )
    parameters.append(
        inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json)
    )
    run.__doc__ = kind.text
    run.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": int}
    run.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    return run


def _parameter(column: str, *, is_needed: bool) -> inspect.Parameter:
    flag = FLAGS[column]
    read = number(flag.name, flag.of, flag.text)
    wanted = Annotated[float, read] if is_needed else Annotated[float | None, read]
    default = inspect.Parameter.empty if is_needed else None
    return inspect.Parameter(
        column, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=wanted
    )


for each in KINDS:
    price.command(_command(each), name=each.name)
