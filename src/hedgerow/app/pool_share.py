"""What ``hedgerow price pool`` does beside one row of numbers: deposits, words and a drawing."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from hedgerow.app.price_kinds import FLAGS
from hedgerow.errors import RequestRejected
from hedgerow.pricing import (
    Floats,
    PoolGreeks,
    concentrated_shares,
    constant_product_shares,
    losses_versus_holding,
    losses_versus_rebalancing_usd_per_year,
)
from hedgerow.reporting.curves import Curve, Panel, curves_svg

__all__ = ["pool_drawing", "pool_numbers", "pool_words"]

_SIZES = ("liquidity_contracts", "value_share_usd", "deposit_coin", "deposit_usd")
_DRAWN_COUNT = 241


def pool_numbers(given: Mapping[str, float]) -> dict[str, float]:
    """Give a share now; against what was put in; and what whoever rebalances takes from it.

    Raises
    ------
    RequestRejected
        If its size is not given in one way, or a deposit is of a side that the share does not hold.
    """
    price = given["price_usd"]
    sized, raw = _sized(given)
    now = _at(sized, price)
    raw |= _row(now)
    if "price_entry_usd" in given:
        start = _at(sized, given["price_entry_usd"])
        raw |= _row(losses_versus_holding(start, now, price_usd=price))
    if "vol_frac" in given:
        lost = losses_versus_rebalancing_usd_per_year(
            price_usd=price, gamma_coin_per_usd=now.gamma_coin_per_usd, vol_frac=given["vol_frac"]
        )
        raw["loss_to_rebalancers_usd_per_year"] = float(lost[0])
    return raw


def pool_words(given: Mapping[str, float], raw: Mapping[str, float]) -> tuple[str, ...]:
    """Say what the share holds, whether it is in its range, and how it fared."""
    price = given["price_usd"]
    holds = f"It holds {raw['delta_coin']:,.6g} coins and {raw['quote_usd']:,.6g} USD"
    said = []
    if "price_lower_usd" not in given:
        said.append(f"{holds}, half of its value in each at every price.")
    elif price < given["price_lower_usd"]:
        said.append(f"Out of range, below it: all coins, and no fees are earned. {holds}.")
    elif price >= given["price_upper_usd"]:
        said.append(f"Out of range, above it: all dollars, and no fees are earned. {holds}.")
    else:
        said.append(f"In range, so it earns fees. {holds}.")
    if "held_usd" in raw:
        less = "less" if raw["loss_usd"] < 0 else "more"
        said.append(
            f"Held outside the pool, what was put in would be worth {raw['held_usd']:,.6g} USD: "
            f"the share is worth {abs(raw['loss_usd']):,.6g} USD {less}, fees left out."
        )
    for side, unit in (("unused_coin", "coins"), ("unused_usd", "USD")):
        if raw.get(side):
            said.append(f"The pool does not take {raw[side]:,.6g} {unit} of the deposit.")
    return tuple(said)


def pool_drawing(title: str, given: Mapping[str, float], raw: Mapping[str, float]) -> str:
    """Draw value and coins held over the price, beside holding where there is an entry."""
    sized = dict(given) | (
        {"liquidity_contracts": raw["liquidity_contracts"]} if "liquidity_contracts" in raw else {}
    )
    columns = ("price_lower_usd", "price_upper_usd", "price_entry_usd", "price_usd")
    known = [given[name] for name in columns if name in given]
    prices = np.linspace(0.6 * min(known), 1.4 * max(known), _DRAWN_COUNT)
    shares = _at(sized, prices)
    curves = [Curve("share", shares.value_usd.tolist())]
    if "price_entry_usd" in given:
        start = _at(sized, given["price_entry_usd"])
        held = start.delta_coin[0] * prices + start.quote_usd[0]
        curves.append(Curve("held outside", held.tolist()))
    words = ("lower", "upper", "entry", "now")
    marks = [
        (given[name], word) for name, word in zip(columns, words, strict=True) if name in given
    ]
    return curves_svg(
        title,
        prices.tolist(),
        "price of the coin, USD",
        [
            Panel("Value", "USD", curves),
            Panel("Coins held", "coin", [Curve("coins", shares.delta_coin.tolist())]),
        ],
        marks=marks,
    )


def _sized(given: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Find the liquidity; give what is given with it, and the numbers to show of it."""
    told = [name for name in _SIZES if name in given]
    deposits = [name for name in told if name.startswith("deposit")]
    if len(told) != 1 and (not told or told != deposits):
        flags = ", ".join(FLAGS[name].name for name in _SIZES)
        seen = ", ".join(FLAGS[name].name for name in told) or "none"
        raise RequestRejected(
            f"the size of the share is told by one of {flags} (the deposits may go together), "
            f"was {seen}"
        )
    if told == ["liquidity_contracts"]:
        return dict(given), {}
    where = given["price_usd"]
    if deposits:
        where = given.get("price_entry_usd", where)
    one = _row(_at(dict(given) | {"liquidity_contracts": 1.0}, where))
    sides = {
        "value_share_usd": one["value_usd"],
        "deposit_coin": one["delta_coin"],
        "deposit_usd": one["quote_usd"],
    }
    found = {}
    for name in told:
        if given[name] <= 0.0:
            raise RequestRejected(f"{FLAGS[name].name} must be positive, was {given[name]:g}")
        if sides[name] <= 0.0:
            raise RequestRejected(
                f"{FLAGS[name].name}: at {where:g} USD, out of its range, the share holds none of "
                "it; deposit the other side"
            )
        found[name] = given[name] / sides[name]
    liquidity = min(found.values())
    shown = {"liquidity_contracts": liquidity}
    if len(deposits) > 1:
        unused = {name: max(given[name] - liquidity * sides[name], 0.0) for name in deposits}
        shown |= {
            name.replace("deposit", "unused"): left
            for name, left in unused.items()
            if left > 1e-9 * given[name]
        }
    return dict(given) | {"liquidity_contracts": liquidity}, shown


def _at(given: Mapping[str, float], price_usd: float | Floats) -> PoolGreeks:
    liquidity = given["liquidity_contracts"] * np.ones(np.size(price_usd))
    if "price_lower_usd" not in given:
        return constant_product_shares(liquidity_contracts=liquidity, price_usd=price_usd)
    return concentrated_shares(
        liquidity_contracts=liquidity,
        price_usd=price_usd,
        price_lower_usd=given["price_lower_usd"],
        price_upper_usd=given["price_upper_usd"],
    )


def _row(record: Any) -> dict[str, float]:
    return {each.name: float(getattr(record, each.name)[0]) + 0.0 for each in fields(record)}
