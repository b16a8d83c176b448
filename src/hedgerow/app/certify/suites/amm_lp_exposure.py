"""Positions in liquidity pools, and what they lose against holding."""

from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.margin.rules import pool_position as rules

__all__ = ["KINDS"]

_EXACT: Final = Context(prec=60)


def _number(given: Given, name: str) -> Decimal:
    value = given.fraction(name)
    return _EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))


def _constant_product(given: Given) -> Mapping[str, object]:
    return _exposure(given, rules.constant_product)


def _concentrated(given: Given) -> Mapping[str, object]:
    lower, upper = _number(given, "lower"), _number(given, "upper")
    return _exposure(
        given, lambda liquidity, price: rules.concentrated(liquidity, price, lower, upper)
    )


def _exposure(
    given: Given, at: Callable[[Decimal, Decimal], rules.PoolPosition]
) -> Mapping[str, object]:
    liquidity, price = _number(given, "liquidity"), _number(given, "price")
    now = at(liquidity, price)
    found: dict[str, object] = {
        "token0": now.amount0_coin,
        "token1": now.amount1_ccy,
        "value": now.value_ccy,
        "delta": now.delta_coin,
        "gamma": now.gamma_coin_per_ccy,
    }
    if "entry_price" not in given:
        return found
    entry = _number(given, "entry_price")
    # The loss is a fraction and does not depend on the size; one unit has it even where none is.
    held, loss = rules.versus_holding(at(Decimal(1), entry), at(Decimal(1), price), price)
    return found | {"hold_value": _EXACT.multiply(held, liquidity), "impermanent_loss": loss}


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "v2_position": _constant_product,
    "v3_position": _concentrated,
}
