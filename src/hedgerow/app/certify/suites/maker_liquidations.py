"""Maker liquidations. Cases have decimals, the chain wad, ray and rad: cut at its last digit."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.margin.rules import maker as rules

__all__ = ["KINDS"]

_WAD = 10**18
_RAY = 10**27
_RAD = 10**45


def _scaled(given: Given, name: str, unit: int) -> int:
    return floor(given.fraction(name) * unit)


def _linear(given: Given) -> Fraction:
    price = rules.linear_price_ray(
        _scaled(given, "top", _RAY), given.integer("tau_s"), given.integer("elapsed_s")
    )
    return Fraction(price, _RAY)


def _exponential(given: Given) -> Fraction:
    price = rules.exponential_price_ray(
        _scaled(given, "top", _RAY), _scaled(given, "cut", _RAY), given.integer("elapsed_s")
    )
    return Fraction(price, _RAY)


def _stairstep(given: Given) -> int:
    return rules.stairstep_price_ray(
        given.integer("top_ray"),
        given.integer("cut_ray"),
        given.integer("step_s"),
        given.integer("elapsed_s"),
    )


def _take(given: Given) -> Mapping[str, object]:
    taken = rules.take(
        _scaled(given, "amount_requested", _WAD),
        tab_rad=_scaled(given, "tab", _RAD),
        lot_wad=_scaled(given, "lot", _WAD),
        price_ray=_scaled(given, "price", _RAY),
        chost_rad=_scaled(given, "chost", _RAD),
    )
    if taken is None:
        return {"reverts": True}
    return {
        "reverts": False,
        "bought": Fraction(taken.bought_wad, _WAD),
        "paid": Fraction(taken.paid_rad, _RAD),
        "tab_after": Fraction(taken.tab_left_rad, _RAD),
        "lot_after": Fraction(taken.lot_left_wad, _WAD),
        "returned_to_owner": Fraction(taken.returned_wad, _WAD),
    }


def _bark(given: Given) -> Mapping[str, object]:
    kick = rules.bark(
        collateral_wad=_scaled(given, "ink", _WAD),
        debt_wad=_scaled(given, "art", _WAD),
        rate_ray=_scaled(given, "rate", _RAY),
        chop_wad=_scaled(given, "chop", _WAD),
        room_rad=_scaled(given, "hole_room", _RAD),
        dust_rad=_scaled(given, "dust", _RAD),
    )
    has_price = all(name in given and given.raw(name) is not None for name in ("feed_price", "buf"))
    top_ray = (
        rules.start_price_ray(_scaled(given, "feed_price", _RAY), _scaled(given, "buf", _RAY))
        if has_price
        else None
    )
    # An auction that would begin at no price is refused as well.
    if kick is None or top_ray == 0:
        return {"reverts": True}
    return {
        "reverts": False,
        "art_after": Fraction(kick.debt_left_wad, _WAD),
        "ink_after": Fraction(kick.collateral_left_wad, _WAD),
        "tab": Fraction(kick.tab_rad, _RAD),
        "lot": Fraction(kick.lot_wad, _WAD),
        "top": None if top_ray is None else Fraction(top_ray, _RAY),
    }


def _incentive(given: Given) -> Fraction:
    paid = rules.incentive_rad(
        _scaled(given, "tip", _RAD), _scaled(given, "chip", _WAD), _scaled(given, "tab", _RAD)
    )
    return Fraction(paid, _RAD)


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "linear_decrease_price": _linear,
    "exponential_decrease_price": _exponential,
    "stairstep_price_ray": _stairstep,
    "clip_take": _take,
    "bark_kick": _bark,
    "keeper_incentive": _incentive,
}
